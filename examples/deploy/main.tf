# Headway as a stack that Terraform creates and changes. The template and the functions are in S3.

variable "template_url" {
  description = "The packaged template, such as https://artifacts.s3.eu-central-1.amazonaws.com/headway.yaml"
  type        = string
}

resource "aws_cloudformation_stack" "headway" {
  name         = "headway"
  template_url = var.template_url
  capabilities = ["CAPABILITY_IAM"]

  parameters = {
    JwtIssuer          = "https://login.example.com/"
    JwtAudience        = "jobs"
    MaximumConcurrency = 50
  }

  tags = {
    team = "jobs"
  }
}

output "api_url" {
  value = aws_cloudformation_stack.headway.outputs["ApiUrl"]
}
