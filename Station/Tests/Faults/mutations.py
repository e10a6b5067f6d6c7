"""Sends a station requests on every route, changed at random, and checks that it goes on answering.

  mutations.py URL MODEL PICTURE COUNT
"""
import json
import random
import socket
import sys
import time
import urllib.request

url, model, picture, count = sys.argv[1:4] + [int(sys.argv[4])]
host, port = url.split("//")[1].rstrip("/").split(":")
content = open(picture, "rb").read()
draw = random.Random(1)
boundary = b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n" + content[:500] + b"\r\n--x--\r\n"
inference = json.dumps({
    "inputs": [{"name": "pixels", "shape": [1, 32, 32, 1], "datatype": "UINT8", "data": [7] * 1024}],
    "outputs": [{"name": "mask", "parameters": {"binary_data": True}}],
}).encode()
description = json.load(urllib.request.urlopen(url.rstrip("/") + "/openapi.json"))
bodies = {
    "inspect": [(b"application/octet-stream", content), (b"multipart/form-data; boundary=x", boundary)],
    "infer": [(b"application/json", inference)], "label": [(b"application/json", b'{"label":"good"}')],
    "session": [(b"application/json", b'{"token":"x"}')],
}
requests = []
for path, methods in description["paths"].items():
    for method in methods:
        # Trainings are begun by people only.
        if path.endswith(("retrain", "recalibrate", "undo")):
            continue
        place = path.replace("{name}", model).replace("{id}", "1").replace("{version}", "1")
        for kind, body in bodies.get(path.split("/")[-1], [(b"text/plain", b"")]):
            requests.append(
                f"{method.upper()} {place}?limit=5 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode()
                + b"Content-Type: " + kind + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)


def changed(request):
    request = bytearray(request)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(request)) if draw.random() < 0.3 else draw.randrange(min(len(request), 400))
        choice = draw.randrange(5)
        if choice == 0:
            request[place] = draw.randrange(256)
        elif choice == 1:
            del request[place:place + draw.randint(1, 8)]
        elif choice == 2:
            request[place:place] = request[place:place + draw.randint(1, 40)]
        elif choice == 3:
            request[place:place] = draw.choice([b"\0", b"%00", b"../", b"{", b"[" * 50, b"-1", b"9" * 30, b"\r\n", b"\xff", b"null"])
        elif draw.random() < 0.2:
            del request[place:]
        if not request:
            return b"\r\n"
    return bytes(request)


def memory():
    text = urllib.request.urlopen(url.rstrip("/") + "/metrics").read().decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("blemish_resident_bytes "))


answers, first, start = {}, memory(), time.time()
for number in range(count):
    connection = socket.create_connection((host, int(port)), timeout=60)
    try:
        connection.sendall(changed(draw.choice(requests)))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        status = answer.split(b" ")[1].decode() if answer.startswith(b"HTTP/1.1 ") else "none"
    except ConnectionError:
        status = "cut off"
    except TimeoutError:
        status = "no answer"
    connection.close()
    answers[status] = answers.get(status, 0) + 1
    if number % 10_000 == 9_999:
        print(f"{number + 1}: {dict(sorted(answers.items()))}, {memory() / 1e6:.0f} MB", flush=True)
assert urllib.request.urlopen(url.rstrip("/") + "/health/live").status == 200
print(
    f"{count} mutated requests in {time.time() - start:.0f} s: {dict(sorted(answers.items()))}, memory "
    f"{first / 1e6:.0f} MB before, {memory() / 1e6:.0f} MB after")
sys.exit(1 if "no answer" in answers or "500" in answers else 0)
