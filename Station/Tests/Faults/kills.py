"""Kills a station at random moments while clients have pictures judged, and checks what is there after each restart:
every inspection that was answered, a picture for every row, a row for every picture.

  kills.py PROGRAM MODELS MODEL PICTURE ROUNDS
"""
import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

program, models, model, picture, rounds = sys.argv[1:5] + [int(sys.argv[5])]
data = tempfile.mkdtemp()
content = open(picture, "rb").read()
answered, lock = set(), threading.Lock()
moments = random.Random(0)


def start():
    process = subprocess.Popen(
        [program, "--models", models, "--data", data, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    line = process.stdout.readline().decode().strip()
    assert line.startswith("http"), "the station does not begin"
    return process, line.split("//")[1].rstrip("/")


def client(host):
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        while True:
            connection.request("POST", f"/api/models/{model}/inspect", content)
            found = json.loads(connection.getresponse().read())
            if found.get("stored"):
                with lock:
                    answered.add(found["id"])
    except (OSError, http.client.HTTPException, ValueError):
        pass


lost = missing = orphans = 0
for number in range(rounds):
    process, host = start()
    rows = set()
    database = sqlite3.connect(f"{data}/station.sqlite")
    places = {}
    for identity, place, gone in database.execute("SELECT id, picture, picture_missing FROM inspections"):
        rows.add(identity)
        places[place] = gone
    database.close()
    files = {
        os.path.relpath(os.path.join(folder, name), f"{data}/pictures")
        for folder, _, names in os.walk(f"{data}/pictures") for name in names
    }
    lost += len(answered - rows)
    missing += sum(1 for place, gone in places.items() if place not in files and not gone)
    orphans += len(files - set(places))
    threads = [threading.Thread(target=client, args=(host,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(moments.uniform(0.05, 1.5))
    process.send_signal(signal.SIGKILL)
    process.wait()
    for thread in threads:
        thread.join()
print(
    f"{rounds} kills, {len(answered)} inspections answered: {lost} lost, {missing} rows without their picture, "
    f"{orphans} pictures without a row")
shutil.rmtree(data)
sys.exit(1 if lost or missing or orphans else 0)
