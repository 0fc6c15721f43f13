"""Headway in a stack of the AWS CDK: `HEADWAY_TEMPLATE` is the packaged template, with the functions in S3."""

import os

import aws_cdk as cdk
from aws_cdk.cloudformation_include import CfnInclude

app = cdk.App()
stack = cdk.Stack(app, "Jobs")
headway = CfnInclude(
    stack,
    "Headway",
    template_file=os.environ["HEADWAY_TEMPLATE"],
    parameters={"JwtIssuer": "https://login.example.com/", "JwtAudience": "jobs", "MaximumConcurrency": 50},
)
# What no parameter is for can be changed here. A worker of your own may have any variables.
headway.get_resource("WorkerFunction").add_property_override("Environment.Variables.DEPTH", "3")
cdk.CfnOutput(stack, "Api", value=headway.get_output("ApiUrl").value)
app.synth()
