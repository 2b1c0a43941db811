"""What boto3 signs, in headers and in presigned URLs; prints what it was answered as JSON."""

import json
import sys
import urllib.error
import urllib.request

import boto3
import botocore.exceptions
from botocore.config import Config


def client(url, secret, token=None, key_id="AKIDALICE"):
    return boto3.client(
        "kms",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"max_attempts": 1}),
    )


def outcome(kms):
    try:
        return kms.generate_random(NumberOfBytes=9)["ResponseMetadata"]["HTTPStatusCode"]
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]


def fetched(url, target):
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
    request = urllib.request.Request(url, data=b"", headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return sorted(json.load(answer))
    except urllib.error.HTTPError as error:
        return json.load(error)["__type"]


def main(url):
    alice = client(url, "alice-secret")
    session = client(url, "session-secret", "token/+=", "ASIASESSION")
    random = alice.generate_presigned_url("generate_random", {"NumberOfBytes": 9})
    of_session = session.generate_presigned_url("list_keys", {"Limit": 3})
    seen = {
        "signed": outcome(alice),
        "of a session": outcome(session),
        "another secret": outcome(client(url, "mallory")),
        "presigned": fetched(random, "TrentService.GenerateRandom"),
        "presigned by a session": fetched(of_session, "TrentService.ListKeys"),
        "for another operation": fetched(random, "TrentService.ListKeys"),
        "changed": fetched(
            random.replace("NumberOfBytes=9", "NumberOfBytes=8"), "TrentService.GenerateRandom"
        ),
    }
    print(json.dumps(seen))


main(sys.argv[1])
