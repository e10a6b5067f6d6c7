#!/usr/bin/env python3
"""Kills the tool at random moments, and fills the disk under it: what is there afterwards must be whole.

    faults.py kill --tool .build/release/blemish --runs 100
    faults.py disk --tool .build/release/blemish --runs 100

`kill` runs every command that writes, and ends it with SIGKILL at a moment of its usual duration. `disk` runs it into a
small file system (a tmpfs, which root can mount; else under a limit on the size of files). After each run all files are
checked: a model has the hash that it says, a picture decodes, a page, a table and a checkpoint are complete, what was there before
is there or the new one. Exit status 1 where something was not.
"""

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def write_png(path, rows):
    """Writes a grey picture of these rows of bytes."""
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def make_data(folder, side=64):
    """A data set in MVTec AD's layout: a noisy weave, and the same with a hole."""
    draw = random.Random(1)

    def weave(hole=False):
        rows = [[min(255, max(0, 128 + 40 * ((x // 4 + y // 4) % 2) + draw.randint(-12, 12))) for x in range(side)]
                for y in range(side)]
        if hole:
            x0, y0 = draw.randint(8, side - 24), draw.randint(8, side - 24)
            for y in range(y0, y0 + 12):
                rows[y][x0:x0 + 12] = [10] * 12
            mask = [[255 * (x0 <= x < x0 + 12 and y0 <= y < y0 + 12) for x in range(side)] for y in range(side)]
            return rows, mask
        return rows

    for index in range(12):
        write_png(f"{folder}/train/good/{index:03}.png", weave())
    for index in range(4):
        write_png(f"{folder}/test/good/{index:03}.png", weave())
        rows, mask = weave(hole=True)
        write_png(f"{folder}/test/hole/{index:03}.png", rows)
        write_png(f"{folder}/ground_truth/hole/{index:03}_mask.png", mask)


class Broken(Exception):
    """A file that is not whole."""


def check_png(path):
    data = open(path, "rb").read()
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise Broken(f"{path}: no signature")
    place, kinds = 8, []
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        content = data[place + 4:place + 8 + length]
        if len(content) != length + 4 or struct.pack(">I", zlib.crc32(content)) != data[place + 8 + length:place + 12 + length]:
            raise Broken(f"{path}: a damaged chunk {kind}")
        kinds.append(kind)
        place += 12 + length
    if not kinds or kinds[-1] != b"IEND":
        raise Broken(f"{path}: no end")


def read_tensors(path):
    """The metadata and the tensors of a safetensors file: names, types, shapes and bytes."""
    data = open(path, "rb").read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    start = 8 + length
    end = max(entry["data_offsets"][1] for entry in header.values())
    if len(data) != start + end:
        raise Broken(f"{path}: {len(data)} bytes, not {start + end}")
    return metadata, {name: (entry["dtype"], entry["shape"], data[start + entry["data_offsets"][0]:start + entry["data_offsets"][1]])
                      for name, entry in header.items()}


def check_model(path):
    """Checks the hash over all of a model's file, as `Model+File.swift` makes it."""
    metadata, tensors = read_tensors(path)
    expected = metadata.pop("blemish.sha256", None)
    if "blemish" not in metadata:
        raise Broken(f"{path}: is no model")
    size = lambda text: len(text.encode())
    text = "\n".join(f"{size(key)} {key} {size(value)} {value}" for key, value in sorted(metadata.items()))
    digest = hashlib.sha256(text.encode())
    for name, (kind, shape, content) in sorted(tensors.items()):
        digest.update(f"{name} {kind} {shape}\n".encode())
        digest.update(content)
    if digest.hexdigest() != expected:
        raise Broken(f"{path}: its hash is not what it says")


class Faults:
    def __init__(self, tool, runs, seed, again):
        self.tool = os.path.abspath(tool)
        self.runs = runs
        self.again = again
        self.random = random.Random(seed)
        self.folder = tempfile.mkdtemp(prefix="blemish-faults-")
        self.data = self.folder + "/data/weave"
        self.broken = []
        self.environment = dict(os.environ, BLEMISH_HOME=self.folder + "/home", OMP_WAIT_POLICY="PASSIVE")
        make_data(self.data)
        self.small = ["--backbone", "seeded", "--size", "64", "--batch", "4", "--patience", "0"]
        self.model = self.folder + "/base.blemish"
        self.must("train", self.data, "--output", self.model, *self.small, "--epochs", "1")

    # MARK: Running

    def start(self, arguments, **more):
        return subprocess.Popen([self.tool, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.environment, **more)

    def must(self, *arguments):
        process = self.start(arguments)
        output, errors = process.communicate()
        if process.returncode != 0:
            sys.exit(f"{' '.join(arguments)}: status {process.returncode}\n{errors.decode()}")
        return output

    # MARK: Commands, each with what makes its place ready, and its arguments

    def commands(self):
        held = f"{self.data}/test/good"

        def model_at(place):
            shutil.copy(self.model, place + "/model.blemish")

        def nothing(place):
            pass

        return {
            "train": (model_at, lambda place: [
                "train", self.data, "--output", place + "/model.blemish", *self.small, "--epochs", "3",
                "--checkpoint-minutes", "0"]),
            "train --resume": (self.begun_at, lambda place: [
                "train", self.data, "--output", place + "/new.blemish", "--resume", "--checkpoint-minutes", "0"]),
            "calibrate": (model_at, lambda place: ["calibrate", place + "/model.blemish", held]),
            "predict": (nothing, lambda place: [
                "predict", self.model, self.data + "/test", "--output", place + "/results"]),
            "compare": (nothing, lambda place: [
                "compare", self.data, "--output", place + "/compared", "--backbone", "seeded", "--size", "64",
                "--batch", "4", "--epochs", "1", "--detector", "uflow"]),
            "evaluate --report": (nothing, lambda place: [
                "evaluate", self.model, self.data, "--report", place + "/report"]),
            "export .pth": (nothing, lambda place: ["export", self.model, "--output", place + "/flow.pth"]),
            "export .safetensors": (nothing, lambda place: [
                "export", self.model, "--output", place + "/flow.safetensors"]),
        }

    def begun_at(self, place):
        """A training that was stopped after its first checkpoint."""
        kept = self.folder + "/begun.blemish"
        if not os.path.exists(kept):
            process = self.start(["train", self.data, "--output", kept, *self.small, "--epochs", "4",
                                  "--checkpoint-minutes", "0"])
            while process.poll() is None and b"epoch 1 " not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGTERM)
            process.communicate()
        shutil.copy(kept, place + "/new.blemish")

    # MARK: Checks

    def check(self, place):
        """Checks that all files are whole; leftovers of the killed run are told apart by their names."""
        for folder, _, names in os.walk(place):
            for name in names:
                path = os.path.join(folder, name)
                if name.startswith(".blemish-") and name.endswith(".part"):
                    continue
                self.check_file(path)

    def check_file(self, path):
        if path.endswith((".blemish", ".unfinished")):
            check_model(path)
        elif path.endswith(".png"):
            check_png(path)
        elif path.endswith(".html"):
            if not open(path).read().rstrip().endswith("</html>"):
                raise Broken(f"{path}: has no end")
        elif path.endswith(".json"):
            json.load(open(path))
        elif path.endswith((".md", ".csv", ".tex")):
            if not open(path).read().endswith("\n"):
                raise Broken(f"{path}: has no end")
        elif path.endswith(".pth"):
            if zipfile.ZipFile(path).testzip() is not None:
                raise Broken(f"{path}: is damaged")
        elif path.endswith(".safetensors"):
            read_tensors(path)
        else:
            raise Broken(f"{path}: nobody expects this file")

    def tell(self, name, runs, **counts):
        print(f"{name:22} {runs} runs, " + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items()),
              flush=True)

    # MARK: The two ways to fail

    def kill(self, names):
        for name, (prepare, arguments) in self.commands().items():
            if names and name not in names:
                continue
            place = self.folder + "/usual"
            os.makedirs(place)
            prepare(place)
            begin = time.monotonic()
            self.must(*arguments(place))
            usual = time.monotonic() - begin
            shutil.rmtree(place)
            counts = dict(killed=0, finished=0, leftovers=0, broken=0, not_gone_on=0)
            for run in range(self.runs):
                place = f"{self.folder}/run"
                os.makedirs(place)
                prepare(place)
                process = self.start(arguments(place))
                moment = self.random.uniform(0, usual * 1.05)
                try:
                    process.communicate(timeout=moment)
                    counts["finished"] += 1
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    counts["killed"] += 1
                try:
                    self.check(place)
                except (Broken, ValueError, OSError, zipfile.BadZipFile) as error:
                    counts["broken"] += 1
                    self.broken.append(f"{name}, killed after {moment:.3f} s: {error}")
                counts["leftovers"] += len(self.leftovers(place))
                # The same command does it now, and sweeps what the killed run left. A training goes on.
                again = arguments(place)
                if name.startswith("train") and self.unfinished(place):
                    again = ["train", self.data, "--output", again[again.index("--output") + 1], "--resume"]
                elif name == "train --resume" and "--resume" in again:
                    again = None
                if again and run % self.again == 0:
                    process = self.start(again)
                    _, errors = process.communicate()
                    if process.returncode != 0 or self.leftovers(place):
                        counts["not_gone_on"] += 1
                        self.broken.append(
                            f"{name}, begun again: status {process.returncode}, left {self.leftovers(place)}\n"
                            + errors.decode())
                shutil.rmtree(place)
            self.tell(name, self.runs, **counts)

    @staticmethod
    def leftovers(place):
        return [name for _, _, names in os.walk(place) for name in names if name.endswith(".part")]

    def unfinished(self, place):
        for name in os.listdir(place):
            if name.endswith(".unfinished"):
                return True
            if name.endswith(".blemish") and name == "new.blemish":
                return b"not finished" in self.must("info", f"{place}/{name}")
        return False

    def disk(self, names):
        for name, (prepare, arguments) in self.commands().items():
            if names and name not in names:
                continue
            place = self.folder + "/usual"
            os.makedirs(place)
            prepare(place)
            before = self.bytes(place)
            self.must(*arguments(place))
            needed = self.bytes(place)
            shutil.rmtree(place)
            counts = dict(refused=0, finished=0, broken=0, unclear=0, leftovers=0)
            for run in range(self.runs):
                place = f"{self.folder}/run"
                os.makedirs(place)
                # From what is there before the command begins to ten times what it leaves: a training's checkpoints are larger.
                pages = self.random.randint(before // 4096 + 4, 10 * needed // 4096 + 8)
                mounted = subprocess.run(
                    ["mount", "-t", "tmpfs", "-o", f"size={pages * 4096}", "tmpfs", place],
                    stderr=subprocess.DEVNULL).returncode == 0
                try:
                    prepare(place)
                    limit = None if mounted else lambda: resource.setrlimit(
                        resource.RLIMIT_FSIZE, (pages * 1024, pages * 1024))
                    process = self.start(arguments(place), preexec_fn=limit)
                    _, errors = process.communicate()
                    errors = errors.decode()
                    if process.returncode == 0:
                        counts["finished"] += 1
                    else:
                        counts["refused"] += 1
                        if process.returncode != 1 or not re.search("disk is full|limit on the size", errors):
                            counts["unclear"] += 1
                            self.broken.append(f"{name}, {pages} pages: status {process.returncode}\n{errors}")
                    counts["leftovers"] += len(self.leftovers(place))
                    try:
                        self.check(place)
                    except (Broken, ValueError, OSError, zipfile.BadZipFile) as error:
                        counts["broken"] += 1
                        self.broken.append(f"{name}, {pages} pages: {error}")
                finally:
                    if mounted:
                        subprocess.run(["umount", place], check=True)
                    shutil.rmtree(place)
            self.tell(name + ("" if mounted else " (limit on files)"), self.runs, **counts)

    @staticmethod
    def bytes(place):
        return sum((os.path.getsize(os.path.join(folder, name)) + 4095) // 4096 * 4096
                   for folder, _, names in os.walk(place) for name in names)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fault", choices=["kill", "disk"])
    parser.add_argument("--tool", required=True)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--again", type=int, default=1, help="begin again after every so many killed runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command", action="append", default=[], help="one of the commands, as they are printed")
    options = parser.parse_args()
    faults = Faults(options.tool, options.runs, options.seed, options.again)
    try:
        getattr(faults, options.fault)(options.command)
    finally:
        shutil.rmtree(faults.folder, ignore_errors=True)
    for text in faults.broken:
        print(text, file=sys.stderr)
    sys.exit(1 if faults.broken else 0)


if __name__ == "__main__":
    main()
