"""What is on photographs, by a server that `longtail serve` runs. Python 3.9 or later, no packages.

    python3 client.py http://127.0.0.1:8080 photo.jpg other.png
    LONGTAIL_TOKEN=... python3 client.py https://photos.example.org/birds photo.jpg
"""
import json
import os
import sys
import time
import urllib.error
import urllib.request


class Refused(Exception):
    """The server's answer to a request that it does not take: a status and its own words."""


def predict(address, image, top=3, token=None, tries=5):
    """Classes and probabilities of an image's bytes, the most probable first. Waits while the server has too much to do."""
    headers = {"Content-Type": "application/octet-stream"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(f"{address.rstrip('/')}/predict?top={top}", data=image, headers=headers)
    for attempt in range(tries):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["images"][0]["predictions"]
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503) or attempt == tries - 1:
                raise Refused(f"{error.code}: {error.read().decode()}") from error
            time.sleep(float(error.headers.get("Retry-After", 1)))
    raise AssertionError("unreachable")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    address, *paths = sys.argv[1:]
    failed = False
    for path in paths:
        try:
            with open(path, "rb") as file:
                predictions = predict(address, file.read(), token=os.environ.get("LONGTAIL_TOKEN"))
        except (OSError, Refused) as error:
            print(f"{path}: {error}", file=sys.stderr)
            failed = True
            continue
        print(path, *(f"{one['class']} {one['probability']:.3f}" for one in predictions), sep="\n  ")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
