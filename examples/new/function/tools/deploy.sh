#!/usr/bin/env bash
# Deploys the function, and then the Headway that invokes it: two stacks, $STACK-function and $STACK. `--check` only says what is
# missing. The settings are those of Headway's own script, tools/deploy.sh in its source. TAGS and PERMISSIONS_BOUNDARY are for both
# stacks, all others for Headway's. What the function needs itself (a VPC, a key, permissions, memory) belongs into template.yaml.
set -euo pipefail
cd "$(dirname "$0")/.."
STACK=${STACK:-}
source=.headway-source package=${PACKAGE:-.headway-source/target/package}

check() {
    local problems=()
    command -v aws >/dev/null || problems+=("aws is not installed: https://aws.amazon.com/cli/")
    # Without sam Headway's own script asks for it below.
    [ -n "${BUCKET:-}" ] || ! command -v sam >/dev/null || problems+=("BUCKET is not given: an S3 bucket for the artifacts, in the stack's region")
    [ -z "${LAMBDA_FUNCTIONS+given}${LAMBDA_FUNCTION_ARNS+given}" ] ||
        problems+=("LAMBDA_FUNCTIONS and LAMBDA_FUNCTION_ARNS are set by tools/deploy.sh to this project's function: for others add them there")
    [ "${#STACK}" -le 119 ] || problems+=("STACK has ${#STACK} characters, but 119 is the maximum: the function's stack is $STACK-function")
    [ "$package" = "$source/target/package" ] || [ -f "$package/template.yaml" ] ||
        problems+=("PACKAGE is $package, which has no template.yaml: give the directory that Headway's target package wrote, or leave it out")
    [ "${#problems[@]}" = 0 ] || printf '%s\n' "${problems[@]}" >&2
    # Headway's own settings. The package may have to be built first.
    local script=$package/tools/deploy.sh
    [ -x "$script" ] || script=$source/tools/deploy.sh
    "$script" --check
    [ "${#problems[@]}" = 0 ] || exit 2
}

check
[ "${1:-}" != --check ] || exit 0

output() { # stack, key
    aws cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue" --output text
}

aws cloudformation package --template-file template.yaml --s3-bucket "$BUCKET" --s3-prefix "$STACK" --output-template-file build/packaged.yaml >/dev/null
options=(--stack-name "$STACK-function" --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset)
read -ra tags <<<"${TAGS:-}"
[ "${#tags[@]}" = 0 ] || options+=(--tags "${tags[@]}")
# Without it, the boundary stays as it is.
[ -z "${PERMISSIONS_BOUNDARY+given}" ] || options+=(--parameter-overrides "PermissionsBoundary=$PERMISSIONS_BOUNDARY")
aws cloudformation deploy --template-file build/packaged.yaml "${options[@]}"
function=$(output "$STACK-function" FunctionArn)
# The worker may invoke this function and no other. The time is the function's own, in template.yaml.
export LAMBDA_FUNCTIONS='{"contacts": {"function": "'$function'", "timeoutSeconds": 50}}' LAMBDA_FUNCTION_ARNS=$function
"$package/tools/deploy.sh"
