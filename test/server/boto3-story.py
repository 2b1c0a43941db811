"""What a program of boto3 does with a KMS at an address of its own; prints what it saw as JSON."""

import hashlib
import json
import sys

import boto3
import botocore.exceptions
from botocore.config import Config


def client(url, region="eu-central-1"):
    return boto3.client(
        "kms",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 1}),
    )


def refusal(call, **given):
    try:
        call(**given)
    except botocore.exceptions.ClientError as error:
        return [
            error.response["Error"]["Code"],
            error.response["Error"]["Message"],
            error.response["ResponseMetadata"]["HTTPStatusCode"],
        ]
    return None


def main(url):
    kms = client(url)
    seen = {}

    key = kms.create_key(Description="orders", Tags=[{"TagKey": "team", "TagValue": "shop"}])
    key_id = key["KeyMetadata"]["KeyId"]
    seen["state"] = key["KeyMetadata"]["KeyState"]
    seen["created"] = key["KeyMetadata"]["CreationDate"].isoformat()
    kms.create_alias(AliasName="alias/orders", TargetKeyId=key_id)

    context = {"table": "orders", "ünïcode": "värde"}
    sealed = kms.encrypt(
        KeyId="alias/orders", Plaintext=b"ten apples", EncryptionContext=context
    )
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    seen["opened"] = opened["Plaintext"].decode()
    seen["other context"] = refusal(kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"])

    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    again = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])
    seen["data key"] = again["Plaintext"] == data_key["Plaintext"]

    signer = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    digest = hashlib.sha256(b"a contract").digest()
    signed = kms.sign(
        KeyId=signer, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
    )
    verified = kms.verify(
        KeyId=signer,
        Message=b"a contract",
        Signature=signed["Signature"],
        SigningAlgorithm="ECDSA_SHA_256",
    )
    seen["signature"] = verified["SignatureValid"]
    seen["other message"] = refusal(
        kms.verify,
        KeyId=signer,
        Message=b"another",
        Signature=signed["Signature"],
        SigningAlgorithm="ECDSA_SHA_256",
    )

    mac_key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    mac_id = mac_key["KeyMetadata"]["KeyId"]
    mac = kms.generate_mac(KeyId=mac_id, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
    seen["mac"] = kms.verify_mac(
        KeyId=mac_id, Message=b"m", MacAlgorithm="HMAC_SHA_256", Mac=mac
    )["MacValid"]

    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    seen["keys"] = sum(len(page["Keys"]) for page in pages)
    seen["aliases"] = [a["AliasName"] for a in kms.list_aliases()["Aliases"]]
    seen["tags"] = kms.list_resource_tags(KeyId=key_id)["Tags"]
    seen["rotation"] = kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]

    kms.disable_key(KeyId=key_id)
    seen["disabled"] = refusal(kms.encrypt, KeyId=key_id, Plaintext=b"x")[0]
    deletion = kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    seen["deletion"] = deletion["KeyState"]
    seen["unknown"] = refusal(
        kms.describe_key, KeyId="11111111-2222-3333-4444-555555555555"
    )[0]
    seen["elsewhere"] = len(client(url, "us-east-1").list_keys()["Keys"])
    seen["random"] = len(kms.generate_random(NumberOfBytes=16)["Plaintext"])
    print(json.dumps(seen))


main(sys.argv[1])
