#!/usr/bin/env bash
# Deploys what `make build` has built: with SAM, or without it with the AWS CLI and a bucket. `--check` only says what is
# missing, before anything is built. A setting that is not given keeps its value; in the first deployment it has the template's default.
set -euo pipefail
cd "$(dirname "$0")/.."

# The names of settings that are not just their parameter's name with underscores, such as RETENTION_DAYS for RetentionDays.
renamed="ISSUER=JwtIssuer AUDIENCE=JwtAudience CONCURRENCY=MaximumConcurrency WORKER_TIMEOUT=WorkerTimeoutSeconds
    WORKER_MEMORY=WorkerMemoryMegabytes API_MEMORY=ApiMemoryMegabytes CLEANUP_MEMORY=CleanupMemoryMegabytes
    API_RATE=ApiRequestsPerSecond API_BURST=ApiRequestsBurst LOG_DAYS=LogRetentionDays ALARM_TOPIC=AlarmTopicArn
    ALARM_QUEUE_AGE=AlarmQueueAgeSeconds TABLE=TableName"
# Every parameter of the template, with the setting that sets it.
settings=$(sed -n '/^Parameters:/,/^[^ ]*:$/s/^  \([A-Z][A-Za-z]*\):$/\1/p' template.yaml | while read -r parameter; do
    grep -o "[A-Z_]*=$parameter\b" <<<"$renamed" ||
        echo "$(sed 's/\([a-z]\)\([A-Z]\)/\1_\2/g' <<<"$parameter" | tr '[:lower:]' '[:upper:]')=$parameter"
done)

problems=()
needs() { # variable, its meaning
    [ -n "${!1:-}" ] || problems+=("$1 is not given: $2")
}
secure() { # variable, reason
    [[ -z "${!1:-}" || ${!1} =~ ^https://[^[:space:]]+$ ]] || problems+=("$1 is ${!1}, which is no https URL: $2")
}
# CloudFormation counts characters, but Lambda counts bytes, and so does this check.
fits() { # variable, the template's parameter that it sets, its value
    local LC_ALL=C most why="Lambda allows 4,096 bytes for all environment variables of a function"
    [ "$2" != TableName ] || why="DynamoDB has no longer name of a table"
    most=$(sed -n "/^  $2:\$/,/^  [A-Z]/s/^    MaxLength: //p" template.yaml)
    [[ -z "$most" || ${#3} -le $most ]] ||
        problems+=("$1 has ${#3} bytes, but $most is the maximum: $why")
}
# Whatever an ARN names has to be in the stack's region. IAM's ARNs have no region. Where the region comes from a profile, this
# does not know it.
here() { # variable, its value
    local arn region rest
    [[ $2 == arn:* && -n "${AWS_REGION:-${AWS_DEFAULT_REGION:-}}" ]] || return 0
    while IFS=: read -r arn _ _ region rest; do
        [[ $arn != arn || -z "$region" || "$region" == "${AWS_REGION:-}" || "$region" == "${AWS_DEFAULT_REGION:-}" ]] ||
            problems+=("$1 names something in $region, but the stack is in ${AWS_REGION:-$AWS_DEFAULT_REGION}: it has to be in the same region")
    done <<<"${2//,/$'\n'}"
}

check() {
    needs STACK "the stack's name, such as STACK=headway"
    needs ISSUER "the issuer of your users' tokens (claim iss), such as ISSUER=https://login.example.com/"
    needs AUDIENCE "the audience of those tokens (claim aud), such as AUDIENCE=headway"
    [ "${AUTH:-gateway}" != jwks ] || needs JWKS_URL "where the issuer's keys are, since AUTH=jwks"
    [[ -z "${STACK:-}" || $STACK =~ ^[A-Za-z][-A-Za-z0-9]{0,127}$ ]] ||
        problems+=("STACK is $STACK: a stack's name begins with a letter and has at most 128 letters, digits and hyphens")
    secure ISSUER "API Gateway reads an issuer's keys over https alone, and over plain http they could be anybody's"
    secure JWKS_URL "keys that come over plain http could be anybody's"
    for setting in $settings; do
        variable=${setting%%=*}
        fits "$variable" "${setting#*=}" "${!variable:-}"
        here "$variable" "${!variable:-}"
    done
    [[ -z "${WORKER_FILE_SYSTEM:-}" || -n "${WORKER_SUBNETS:-}" ]] ||
        problems+=("WORKER_SUBNETS is not given: a file system is reached from a VPC alone, so WORKER_FILE_SYSTEM needs it")
    [[ -z "${HTTP_ENDPOINTS:-}" || -z "${HTTP_ENDPOINTS_SECRET:-}" ]] ||
        problems+=("HTTP_ENDPOINTS and HTTP_ENDPOINTS_SECRET are both given: the endpoints are in one of them")
    if ! command -v sam >/dev/null; then
        if ! command -v aws >/dev/null; then
            problems+=("neither sam nor aws is installed: https://docs.aws.amazon.com/serverless-application-model/, or https://aws.amazon.com/cli/")
        fi
        needs BUCKET "an S3 bucket for the artifacts, in the stack's region, since sam is not installed"
    fi
    if [ "${#problems[@]}" -gt 0 ]; then
        printf '%s\n' "${problems[@]}" "usage: make deploy STACK=… ISSUER=… AUDIENCE=… [NAME=VALUE]…, with NAMEs of:" >&2
        printf '  %s\n' "TAGS $(echo "$settings" | tr -s ' \n' '\n' | sed '/^$/d; s/=.*//' | tr '\n' ' ')" >&2
        # make expands what follows it on the line.
        echo "A value that holds a dollar sign goes before make: NAME='VALUE' make deploy …" >&2
        exit 2
    fi
}

check
[ "${1:-}" != --check ] || exit 0

for folder in $(sed -n 's/^ *CodeUri: //p' template.yaml); do
    [ -x "${folder}bootstrap" ] || { echo "${folder}bootstrap is missing: make build" >&2; exit 1; }
done

plain=() quoted=()
for setting in $settings; do
    variable=${setting%%=*} parameter=${setting#*=}
    if [ -n "${!variable+given}" ]; then
        plain+=("$parameter=${!variable}")
        # sam splits its argument again, like a shell.
        quoted+=("$parameter=\"$(sed 's/[\\"]/\\&/g' <<<"${!variable}")\"")
    fi
done

common=(--stack-name "$STACK" --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset)
# TAGS="team=jobs stage=test": CloudFormation puts them on all resources that can have tags.
read -ra tags <<<"${TAGS:-}"
[ "${#tags[@]}" = 0 ] || common+=(--tags "${tags[@]}")
if command -v sam >/dev/null; then
    # This prints the outputs itself.
    sam deploy --template-file template.yaml "${common[@]}" --resolve-s3 --no-confirm-changeset --parameter-overrides "${quoted[@]}"
else
    place=(--s3-bucket "$BUCKET" --s3-prefix "$STACK")
    mkdir -p target
    aws cloudformation package --template-file template.yaml "${place[@]}" --output-template-file target/packaged.yaml >/dev/null
    aws cloudformation deploy --template-file target/packaged.yaml "${common[@]}" "${place[@]}" --parameter-overrides "${plain[@]}"
    aws cloudformation describe-stacks --stack-name "$STACK" --query "Stacks[0].Outputs[].[OutputKey,OutputValue]" --output text
fi

# A worker tells the API what processors it has when it starts, and it starts when it is called: with no messages, here.
tells() {
    local empty='{"Records": []}'
    if command -v aws >/dev/null; then
        local output="Stacks[0].Outputs[?OutputKey=='WorkerFunctionName'].OutputValue"
        local worker raw=(--cli-binary-format raw-in-base64-out)
        # Version 1 reads payloads as they are, and has no such option.
        [[ $(aws --version 2>&1) != aws-cli/1.* ]] || raw=()
        worker=$(aws cloudformation describe-stacks --stack-name "$STACK" --query "$output" --output text) &&
            aws lambda invoke --function-name "$worker" "${raw[@]}" --payload "$empty" /dev/null >/dev/null
    else
        sam remote invoke WorkerFunction --stack-name "$STACK" --event "$empty" >/dev/null
    fi
}
tells || echo "The worker could not be called: jobs for processors of your own can be started once it has worked on its first job." >&2
echo "Deployed $STACK. Look whether all is well: headway doctor --stack $STACK"
