#!/usr/bin/env python3
"""Sets whole runs of Blemish beside the published U-Flow's modules: the time from the start of the process to the
verdict on one picture, the peak memory of training, and the time of a long training.

Both sides have the same generated weights; the published side reads them with its own loader. See README.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from compare import published_uflow

CONFIGURATIONS = {"resnet18": 256, "wide_resnet50_2": 448, "mcait": 448}
TRAINING_PICTURES = 12
LONG_TRAINING = {"epochs": 100, "pictures": 200}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blemish", help="the program")
    parser.add_argument("--uflow", required=True, help="a checkout of github.com/mtailanian/uflow")
    parser.add_argument("--backbone", action="append", choices=CONFIGURATIONS, default=[])
    parser.add_argument("--rounds", type=int, default=5, help="how often the sides take turns")
    parser.add_argument("--batch", type=int, default=4, help="pictures a training step")
    parser.add_argument("--as", dest="role", choices=["make", "predict", "train"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        sys.path.insert(0, options.uflow)
        globals()[options.role](options.backbone[0], options)
        return
    if not options.blemish:
        parser.error("name the program, with --blemish")
    for backbone in options.backbone or ["resnet18", "wide_resnet50_2"]:
        with tempfile.TemporaryDirectory() as folder:
            measure(backbone, folder, options)


def measure(backbone, folder, options):
    def published(role):
        return [sys.executable, __file__, "--uflow", options.uflow, "--backbone", backbone, "--folder", folder,
                "--batch", str(options.batch), "--as", role]

    run(published("make"))
    model, size = f"{folder}/model.blemish", str(CONFIGURATIONS[backbone])
    weights = [argument for file in sorted(os.listdir(folder)) if file.startswith("weights")
               for argument in ("--weights", f"{folder}/{file}")]
    run([options.blemish, "import", f"{folder}/model.ckpt", "--output", model, "--backbone", backbone, *weights])
    judge = [options.blemish, "predict", model, f"{folder}/good/0.png", "--json", "--test", "published"]
    train = [options.blemish, "train", f"{folder}/good", "--output", f"{folder}/new.blemish", "--backbone", backbone,
             *weights, "--size", size, "--batch", str(options.batch), "--held-out", "0", "--cache-limit", "0", "-q"]
    sides = {"published": published("predict"), "blemish": judge}
    times, answers = {side: [] for side in sides}, {}
    for _ in range(options.rounds):
        for side, command in sides.items():
            start = time.perf_counter()
            answers[side] = json.loads(run(command)[0].splitlines()[-1])["score"]
            times[side].append(time.perf_counter() - start)
    seconds = {side: statistics.median(t) for side, t in times.items()}
    print(f"{backbone} at {size}: from start to verdict {seconds['published']:.2f} s published, "
          f"{seconds['blemish']:.2f} s blemish: ratio {seconds['published'] / seconds['blemish']:.2f} "
          f"(scores {answers['published']:.6f}, {answers['blemish']:.6f})", flush=True)
    own = {epochs: run([*train, "--epochs", str(epochs)]) for epochs in (1, 4)}
    output, peak, _ = run(published("train"))
    memory = {"published": peak, "blemish": max(peak for _, peak, _ in own.values())}
    print(f"{backbone} at {size}: peak memory of training, batch {options.batch}: {memory['published']:.0f} MB "
          f"published, {memory['blemish']:.0f} MB blemish: ratio {memory['published'] / memory['blemish']:.2f}",
          flush=True)
    epoch = (own[4][2] - own[1][2]) / 3
    first = own[1][2] - epoch
    part = LONG_TRAINING["pictures"] / TRAINING_PICTURES
    long = {"published": LONG_TRAINING["epochs"] * part * json.loads(output)["epoch"],
            "blemish": part * first + LONG_TRAINING["epochs"] * part * epoch}
    print(f"{backbone} at {size}: {LONG_TRAINING['epochs']} epochs over {LONG_TRAINING['pictures']} pictures, "
          f"extrapolated: {long['published'] / 60:.0f} min published, {long['blemish'] / 60:.1f} min blemish: ratio "
          f"{long['published'] / long['blemish']:.1f}", flush=True)


def run(command):
    """What a process prints, its peak memory in megabytes, and its time in seconds."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"{' '.join(command)}\n{errors}")
        output.seek(0)
        return output.read(), usage.ru_maxrss / 1024, time.perf_counter() - start


def published_model(backbone):
    return published_uflow(backbone, CONFIGURATIONS[backbone])


def prepared(path, backbone):
    """A picture as the published code takes it."""
    from PIL import Image
    from torchvision import transforms

    prepare = transforms.Compose([
        transforms.Resize(CONFIGURATIONS[backbone]), transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
    return prepare(Image.open(path).convert("RGB"))


def make(backbone, options):
    """Generated weights for both sides, and pictures."""
    import numpy as np
    import torch
    from PIL import Image

    torch.manual_seed(0)
    model = published_model(backbone)
    for name in ["extractor1", "extractor2"] if backbone == "mcait" else ["extractor"]:
        torch.save(getattr(model.feature_extractor, name).state_dict(), f"{options.folder}/weights-{name}.pth")
    torch.save({"state_dict": model.state_dict()}, f"{options.folder}/model.ckpt")
    os.mkdir(f"{options.folder}/good")
    random = np.random.default_rng(0)
    for index in range(TRAINING_PICTURES):
        coarse = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((600, 600)).save(f"{options.folder}/good/{index}.png")


def predict(backbone, options):
    """One picture, as the published code judges it, without its figures."""
    import torch
    from src.nfa_tree import compute_nfa_anomaly_score_tree

    model = published_model(backbone)
    model.from_pretrained(f"{options.folder}/model.ckpt")
    model.eval()
    image = prepared(f"{options.folder}/good/0.png", backbone).unsqueeze(0)
    with torch.no_grad():
        z, _ = model.forward(image)
    anomaly = 1 - model.get_probability(z, 256)
    compute_nfa_anomaly_score_tree(z, 256)
    print(json.dumps({"score": anomaly.max().item()}))


def train(backbone, options):
    """One epoch over the pictures, with the published model and loss and nothing around them."""
    import torch

    model = published_model(backbone)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-4, weight_decay=1e-5)
    begin = time.perf_counter()
    for start in range(0, TRAINING_PICTURES, options.batch):
        paths = [f"{options.folder}/good/{index}.png" for index in range(start, start + options.batch)]
        images = torch.stack([prepared(path, backbone) for path in paths])
        optimizer.zero_grad()
        z, log_determinant = model.forward(images)
        loss = torch.mean(sum(0.5 * torch.sum(zi**2, dim=(1, 2, 3)) for zi in z) - log_determinant)
        loss.backward()
        optimizer.step()
    print(json.dumps({"epoch": time.perf_counter() - begin}))


if __name__ == "__main__":
    main()
