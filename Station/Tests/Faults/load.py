"""Posts the pictures of a folder again and again, each client over one connection, and says how fast they are answered.

  load.py URL MODEL FOLDER CLIENTS SECONDS
"""
import http.client
import os
import sys
import threading
import time

url, model, folder = sys.argv[1:4]
clients, seconds = int(sys.argv[4]), float(sys.argv[5])
host = url.split("//")[1].rstrip("/")
pictures = [open(os.path.join(folder, name), "rb").read() for name in sorted(os.listdir(folder))]
latencies, statuses, lock = [], {}, threading.Lock()


def client(number):
    connection = http.client.HTTPConnection(host)
    own, seen = [], {}
    end = time.time() + seconds
    index = number
    while time.time() < end:
        start = time.time()
        try:
            connection.request("POST", f"/api/models/{model}/inspect", pictures[index % len(pictures)])
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except OSError as error:
            status = type(error).__name__
            connection.close()
            connection = http.client.HTTPConnection(host)
        seen[status] = seen.get(status, 0) + 1
        if status == 200:
            own.append(time.time() - start)
        index += 1
    with lock:
        latencies.extend(own)
        for status, count in seen.items():
            statuses[status] = statuses.get(status, 0) + count


threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
start = time.time()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
took = time.time() - start
latencies.sort()


def quantile(share):
    return 1e3 * latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else float("nan")


print(
    f"clients {clients}: {len(latencies) / took:.2f} pictures/s, median {quantile(0.5):.1f} ms, "
    f"p99 {quantile(0.99):.1f} ms, longest {quantile(1):.1f} ms, answers {statuses}"
)
