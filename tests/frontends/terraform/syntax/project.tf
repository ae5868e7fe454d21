# A sample of everyday Terraform: what both readers must see alike.
terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

variable "cidrs" {
  description = "Networks that may \"connect\""
  type        = list(string)
  default     = ["10.0.0.0/8", "192.168.0.0/16"]

  validation {
    condition     = length(var.cidrs) > 0
    error_message = "At least one network is needed."
  }
}

locals {
  enabled = true
  nothing = null
  number  = 5432
  ratio   = 0.25
  minus   = -1
  name    = "app"
  tags    = { Environment = "test", "Owner" : "platform" }
  nested = {
    inner = {
      list = [1, 2, 3, ]
    }
  }
}

resource "aws_security_group" "db" {
  name = "db"

  ingress {
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_policy" "p" {
  name   = "p"
  policy = <<EOT
{
  "Version": "2012-10-17"
}
EOT
}

output "id" {
  value     = aws_security_group.db.id
  sensitive = false
}
