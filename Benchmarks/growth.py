#!/usr/bin/env python3
"""Times Blemish at growing picture sizes, numbers of pictures and depths of the flow, and draws a figure of each.

python3 Benchmarks/growth.py --blemish .build/release/blemish --output docs/research/images
"""

import argparse
import json
import math
import os
import subprocess

CONFIGURATION = "uflow-resnet18-256"
STAGES = {"backbone": "#1b6ca8", "detector": "#c8553d", "training step": "#3a7d44"}
# The argument that grows, its values, and what the axis says.
FIGURES = {
    "growth-size": ("--size", [64, 128, 256, 512], "side of the picture"),
    "growth-pictures": ("--batch", [1, 2, 4, 8, 16], "pictures at a time"),
    "growth-depth": ("--detector-configuration", [1, 2, 4, 8, 16], "steps of every stage of the flow"),
}
LEFT, TOP, WIDTH, HEIGHT = 60, 20, 420, 240


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blemish", required=True, help="the program")
    parser.add_argument("--output", required=True, help="the folder for the figures")
    parser.add_argument("--seconds", default="2", help="the least time for a stage")
    options = parser.parse_args()
    for name, (argument, values, label) in FIGURES.items():
        times = [measure(options, argument, value) for value in values]
        with open(os.path.join(options.output, name + ".svg"), "w") as file:
            file.write(figure(values, times, label))
        for value, stages in zip(values, times):
            print(argument, value, {stage: f"{seconds * 1e3:.1f} ms" for stage, seconds in stages.items()}, flush=True)


def measure(options, argument, value):
    command = [options.blemish, "benchmark", "--json", "--configuration", CONFIGURATION]
    command += [word for stage in STAGES for word in ("--stage", stage)]
    result = subprocess.run(
        [*command, "--seconds", options.seconds, argument, text(argument, value)], check=True, capture_output=True, text=True)
    stages = {timing["stage"]: timing["seconds"] for timing in json.loads(result.stdout)["results"][0]["stages"]}
    return {stage: stages[stage] for stage in STAGES}


def text(argument, value):
    """A value as the argument takes it: of the depth, the detector's configuration."""
    if argument == "--detector-configuration":
        return json.dumps({"flowSteps": value, "affineClamp": 2})
    return str(value)


def figure(values, times, label):
    """Milliseconds over values, both axes logarithmic."""
    low = math.floor(math.log10(min(min(stages.values()) for stages in times) * 1e3))
    high = math.ceil(math.log10(max(max(stages.values()) for stages in times) * 1e3))

    def x(value):
        return LEFT + WIDTH * math.log(value / values[0]) / math.log(values[-1] / values[0])

    def y(milliseconds):
        return TOP + HEIGHT * (high - math.log10(milliseconds)) / (high - low)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{TOP + HEIGHT + 50}" '
             'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>']
    for power in range(low, high + 1):
        parts.append(f'<path d="M{LEFT} {y(10 ** power):.1f}h{WIDTH}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 6}" y="{y(10 ** power) + 4:.1f}" text-anchor="end">{10.0 ** power:g}</text>')
    for value in values:
        parts.append(f'<text x="{x(value):.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{value}</text>')
    for stage, colour in STAGES.items():
        points = [(x(value), y(stages[stage] * 1e3)) for value, stages in zip(values, times)]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        parts.append(f'<text x="{points[-1][0] + 10:.1f}" y="{points[-1][1] + 4:.1f}" fill="{colour}">{stage}</text>')
    parts.append(f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 38}" text-anchor="middle">{label}</text>'
                 f'<text x="{LEFT}" y="12">milliseconds</text></svg>\n')
    return "\n".join(parts)


if __name__ == "__main__":
    main()
