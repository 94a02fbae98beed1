import sys


def archive():
    import boto3

    client = boto3.client("s3", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    print(client.meta.service_model.service_name)


if "late" in sys.argv:
    archive()
