"""A new policy's file: what ``iacguard policy new`` writes."""

from __future__ import annotations

from pathlib import Path

from iacguard.findings import Problem
from iacguard.late import regex
from iacguard.policy.compile import NOWHERE, PolicyError

_ID = regex(r"[a-z0-9]+(?:-[a-z0-9]+){2,}")


def path_of(identity: str, folder: str) -> Path:
    """Where the policy with this id belongs below ``folder``: ``aws-s3-public-acl`` in ``aws/s3/public-acl.yaml``.

    Raises PolicyError for what cannot be an id.
    """
    if not _ID.fullmatch(identity):
        hint = "it is provider-service-rule, in small letters, digits and hyphens: aws-s3-bucket-owner-tag"
        raise PolicyError((Problem("policy", NOWHERE, f"{identity!r} cannot be a policy's id", hint),))
    provider, service, rule = identity.split("-", 2)
    return Path(folder) / provider / service / f"{rule}.yaml"


def create(identity: str, folder: str) -> Path:
    """Write a new policy below ``folder`` and give its path. Raises PolicyError for a bad id or where there is one."""
    path = path_of(identity, folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text_of(identity))
    except FileExistsError:
        raise PolicyError((Problem("policy", NOWHERE, f"{path}: there is a policy already"),)) from None
    except OSError as error:
        raise PolicyError((Problem("policy", NOWHERE, f"{path}: cannot be written: {error.strerror}"),)) from None
    return path


def text_of(identity: str) -> str:
    """The text of a new policy: complete, legal, and passing its own examples, to be changed from there."""
    provider = identity.partition("-")[0]
    return _KUBERNETES if provider == "kubernetes" else _TERRAFORM


_TERRAFORM = """\
title: S3 bucket has no tag that names its owner
severity: low
category: governance
resource: aws_s3_bucket
deny: "!(tags.Owner)"
at: tags
message: the tag Owner is {tags.Owner}
why: >-
  Nobody answers for what nobody owns: a leak in a bucket without an owner is found late and closed later.
fix:
  text: Add the tag Owner.
  terraform: |
    tags = {
      Owner = "payments"
    }
  cloudformation: |
    Tags:
      - {Key: Owner, Value: payments}
references:
  - https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html
examples:
  - name: a bucket without tags
    terraform: |
      resource "aws_s3_bucket" "data" {
        bucket = "data"
      }
    violates: [aws_s3_bucket.data]
  - name: a bucket with its owner
    terraform: |
      resource "aws_s3_bucket" "data" {
        bucket = "data"
        tags = {
          Owner = "payments"
        }
      }
    satisfies: [aws_s3_bucket.data]
  - name: tags that are put together, with an owner that is null by default
    terraform: |
      variable "owner" {
        default = null
      }
      locals {
        tags = { Stage = "test" }
      }
      resource "aws_s3_bucket" "data" {
        tags = merge(local.tags, { Owner = var.owner })
      }
      resource "aws_s3_bucket" "logs" {
        tags = merge(local.tags, { Owner = coalesce(var.owner, "payments") })
      }
    violates: [aws_s3_bucket.data]
    satisfies: [aws_s3_bucket.logs]
  - name: a template with an owner for one of two
    cloudformation: |
      Parameters:
        Owner: {Type: String, Default: payments}
      Resources:
        Owned:
          Type: AWS::S3::Bucket
          Properties:
            Tags: [{Key: Owner, Value: !Ref Owner}]
        Nobodys:
          Type: AWS::S3::Bucket
          Properties:
            Tags: [{Key: Stage, Value: test}]
    violates: [Nobodys]
    satisfies: [Owned]
"""

_KUBERNETES = """\
title: Workload has no label that names its owner
severity: low
category: governance
resource: Workload
deny: "!(metadata.labels.owner)"
at: metadata.labels
message: the label owner is {metadata.labels.owner}
why: >-
  Nobody answers for what nobody owns: a flaw in a workload without an owner is found late and mended later.
fix:
  text: Add the label owner.
  kubernetes: |
    metadata:
      labels:
        owner: payments
references:
  - https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
examples:
  - name: a pod without labels
    kubernetes: |
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
      spec:
        containers:
          - name: web
            image: nginx:1.27
    violates: [Pod/default/web]
  - name: a pod with its owner
    kubernetes: |
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
        labels:
          owner: payments
      spec:
        containers:
          - name: web
            image: nginx:1.27
    satisfies: [Pod/default/web]
  - name: a cron job whose pods only have the label, and one that has it itself
    kubernetes: |
      apiVersion: batch/v1
      kind: CronJob
      metadata:
        name: pods
      spec:
        schedule: "0 4 * * *"
        jobTemplate:
          spec:
            template:
              metadata:
                labels:
                  owner: payments
              spec:
                restartPolicy: Never
                containers:
                  - name: sync
                    image: example.com/sync:1.0
      ---
      apiVersion: batch/v1
      kind: CronJob
      metadata:
        name: itself
        labels:
          owner: payments
      spec:
        schedule: "0 5 * * *"
        jobTemplate:
          spec:
            template:
              spec:
                restartPolicy: Never
                containers:
                  - name: sync
                    image: example.com/sync:1.0
    violates: [CronJob/default/pods]
    satisfies: [CronJob/default/itself]
"""
