#!/bin/sh
# Encrypted Session Manager logging in us-east-1, account 123456789012. Made by
# `ssmdiag setup`, --format commands. It may be run again: what is there already
# stays as it is, and a document that has changed since this was made is not
# overwritten. `ssmdiag setup plan --permissions` prints what whoever runs it
# must be allowed.
# What documents say, and names like $DEFAULT, are meant as they stand.
# shellcheck disable=SC2016
set -eu
# IAM and STS are told the region, too: it says which partition is meant.
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=''
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

say() { printf '%s\n' "$*"; }
stop() { printf 'Stopped: %s\n' "$*" >&2; exit 1; }

# found COMMAND...: what it prints; nothing where AWS says that there is no such thing.
found() {
  if "$@" 2>"$errors"; then return 0; fi
  case $(cat "$errors") in
    *NoSuch*|*NotFound*|*InvalidDocument*) return 0 ;;
  esac
  cat "$errors" >&2
  return 1
}

# patiently CODE COMMAND...: tries again for a while, since CODE may only mean "not yet".
patiently() {
  code=$1
  shift
  attempt=1
  until "$@" 2>"$errors"; do
    if [ "$attempt" -ge 12 ] || ! grep -q "$code" "$errors"; then
      cat "$errors" >&2
      return 1
    fi
    attempt=$((attempt + 1))
    sleep 5
  done
}

# squeezed TEXT: without the white space in which two copies of a document may differ.
squeezed() { printf '%s' "$1" | tr -d '[:space:]'; }

account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != 123456789012 ]; then
  stop "these credentials are of account $account, the plan is for 123456789012"
fi

# 1. role EC2RoleSSMCWSecureLogs does not exist. So: create role
# EC2RoleSSMCWSecureLogs for nodes.
say '1. create role EC2RoleSSMCWSecureLogs for nodes'
there=$(found aws iam get-instance-profile \
  --instance-profile-name EC2RoleSSMCWSecureLogs \
  --query InstanceProfile.InstanceProfileName \
  --output text)
if [ -z "$there" ]; then
  aws iam create-instance-profile --instance-profile-name EC2RoleSSMCWSecureLogs
fi
assume_role_policy_document='{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Service": "ec2.amazonaws.com"
      },
      "Action": "sts:AssumeRole"
    }
  ]
}'
there=$(found aws iam get-role \
  --role-name EC2RoleSSMCWSecureLogs \
  --query Role.RoleName \
  --output text)
if [ -z "$there" ]; then
  aws iam create-role \
    --assume-role-policy-document "$assume_role_policy_document" \
    --description 'Nodes that Systems Manager manages' \
    --role-name EC2RoleSSMCWSecureLogs
fi
patiently NoSuchEntity aws iam attach-role-policy \
  --policy-arn arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore \
  --role-name EC2RoleSSMCWSecureLogs
there=$(found aws iam get-instance-profile \
  --instance-profile-name EC2RoleSSMCWSecureLogs \
  --query 'InstanceProfile.Roles[?RoleName=='\''EC2RoleSSMCWSecureLogs'\''].RoleName' \
  --output text)
if [ -z "$there" ]; then
  patiently NoSuchEntity aws iam add-role-to-instance-profile \
    --instance-profile-name EC2RoleSSMCWSecureLogs \
    --role-name EC2RoleSSMCWSecureLogs
fi

# 2. there is no key alias/session-manager-logs in us-east-1. So: create a key
# with the alias alias/session-manager-logs.
say '2. create a key with the alias alias/session-manager-logs'
policy='{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "EnableIAM",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::123456789012:root"
      },
      "Action": "kms:*",
      "Resource": "*"
    },
    {
      "Sid": "CloudWatchLogs",
      "Effect": "Allow",
      "Principal": {
        "Service": "logs.us-east-1.amazonaws.com"
      },
      "Action": [
        "kms:Encrypt*",
        "kms:Decrypt*",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:Describe*"
      ],
      "Resource": "*",
      "Condition": {
        "ArnEquals": {
          "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:123456789012:log-group:ssm-secure-consolelog-group"
        }
      }
    },
    {
      "Sid": "StartEncryptedSessions",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::123456789012:role/Operators"
      },
      "Action": "kms:GenerateDataKey",
      "Resource": "*"
    }
  ]
}'
key_arn=$(found aws kms describe-key --region us-east-1 \
  --key-id alias/session-manager-logs \
  --query KeyMetadata.Arn \
  --output text)
if [ -z "$key_arn" ]; then
  key_arn=$(patiently MalformedPolicyDocumentException aws kms create-key --region us-east-1 \
    --description 'Session Manager: sessions and their logs' \
    --policy "$policy" \
    --query KeyMetadata.Arn \
    --output text)
  say "made key $key_arn; if this stops before its alias is made, plan anew with --key"
  aws kms create-alias --region us-east-1 \
    --alias-name alias/session-manager-logs \
    --target-key-id "$key_arn"
fi

# 3. the key's material is not rotated. So: rotate the key's material every
# year.
say '3. rotate the key'\''s material every year'
aws kms enable-key-rotation --region us-east-1 --key-id "$key_arn"

# 4. log group ssm-secure-consolelog-group does not exist. So: create log group
# ssm-secure-consolelog-group, encrypted.
say '4. create log group ssm-secure-consolelog-group, encrypted'
there=$(found aws logs describe-log-groups --region us-east-1 \
  --log-group-name-prefix ssm-secure-consolelog-group \
  --query 'logGroups[?logGroupName=='\''ssm-secure-consolelog-group'\''].logGroupName' \
  --output text)
if [ -z "$there" ]; then
  patiently InvalidParameterException aws logs create-log-group --region us-east-1 \
    --kms-key-id "$key_arn" \
    --log-group-name ssm-secure-consolelog-group
fi

# 5. log group ssm-secure-consolelog-group keeps events for ever. So: keep the
# events of log group ssm-secure-consolelog-group for 365 days.
say '5. keep the events of log group ssm-secure-consolelog-group for 365 days'
aws logs put-retention-policy --region us-east-1 \
  --log-group-name ssm-secure-consolelog-group \
  --retention-in-days 365

# 6. role EC2RoleSSMCWSecureLogs is not allowed kms:Decrypt on the session key
# arn:aws:kms:us-east-1:123456789012:key/<session-manager-logs>; nor
# logs:DescribeLogGroups on the log groups of this region; nor
# logs:CreateLogStream, logs:DescribeLogStreams, logs:PutLogEvents on log group
# ssm-secure-consolelog-group. So: allow role EC2RoleSSMCWSecureLogs kms:Decrypt
# on arn:aws:kms:us-east-1:123456789012:key/<session-manager-logs>;
# logs:DescribeLogGroups on *; logs:CreateLogStream, logs:DescribeLogStreams,
# logs:PutLogEvents on
# arn:aws:logs:us-east-1:123456789012:log-group:ssm-secure-consolelog-group:*
# (inline policy "SessionManagerLogging").
say '6. allow role EC2RoleSSMCWSecureLogs kms:Decrypt on arn:aws:kms:us-east-1:123456789012:key/<session-manager-logs>; logs:DescribeLogGroups on *; logs:CreateLogStream, logs:DescribeLogStreams, logs:PutLogEvents on arn:aws:logs:us-east-1:123456789012:log-group:ssm-secure-consolelog-group:* (inline policy "SessionManagerLogging")'
wanted='{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "SessionKey",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "'"$key_arn"'"
    },
    {
      "Sid": "FindLogGroup",
      "Effect": "Allow",
      "Action": "logs:DescribeLogGroups",
      "Resource": "*"
    },
    {
      "Sid": "WriteSessionLog",
      "Effect": "Allow",
      "Action": [
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents"
      ],
      "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:ssm-secure-consolelog-group:*"
    }
  ]
}'
now=$(found aws iam get-role-policy \
  --policy-name SessionManagerLogging \
  --role-name EC2RoleSSMCWSecureLogs \
  --query PolicyDocument \
  --output json)
now=$(squeezed "$now")
if [ "$now" != "$(squeezed "$wanted")" ]; then
  if [ "$now" != "" ]; then
    stop 'inline policy SessionManagerLogging of role EC2RoleSSMCWSecureLogs is no longer what it was: make the plan anew'
  fi
  patiently NoSuchEntity aws iam put-role-policy \
    --policy-document "$wanted" \
    --policy-name SessionManagerLogging \
    --role-name EC2RoleSSMCWSecureLogs
fi

# 7. document SSM-SessionManagerRunShell does not exist. So: save the
# preferences in SSM-SessionManagerRunShell.
say '7. save the preferences in SSM-SessionManagerRunShell'
content='{
  "schemaVersion": "1.0",
  "description": "Document to hold regional settings for Session Manager",
  "sessionType": "Standard_Stream",
  "inputs": {
    "s3BucketName": "",
    "s3KeyPrefix": "",
    "s3EncryptionEnabled": true,
    "cloudWatchLogGroupName": "ssm-secure-consolelog-group",
    "cloudWatchEncryptionEnabled": true,
    "cloudWatchStreamingEnabled": true,
    "kmsKeyId": "'"$key_arn"'",
    "runAsEnabled": false,
    "runAsDefaultUser": "",
    "idleSessionTimeout": "20",
    "maxSessionDuration": "",
    "shellProfile": {
      "windows": "",
      "linux": ""
    }
  }
}'
there=$(found aws ssm get-document --region us-east-1 \
  --name SSM-SessionManagerRunShell \
  --query Name \
  --output text)
if [ -z "$there" ]; then
  aws ssm create-document --region us-east-1 \
    --content "$content" \
    --document-format JSON \
    --document-type Session \
    --name SSM-SessionManagerRunShell
fi

say 'Done. Check it with: ssmdiag setup verify'
