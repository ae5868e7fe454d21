"""Speed, memory and findings of iacguard beside Checkov and Trivy, on the same code in the same run."""
