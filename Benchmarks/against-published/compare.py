#!/usr/bin/env python3
"""Times Blemish beside the published implementations of its detectors, in alternation, and prints the ratios.

Both sides work on generated weights and pictures of the same shapes; that their results are equal is for the parity
tests to show. See README.md.
"""

import argparse
import datetime
import json
import resource
import statistics
import subprocess
import sys
import time

CONFIGURATIONS = {
    "uflow-resnet18-256": ("uflow", "resnet18", 256),
    "uflow-wide_resnet50_2-448": ("uflow", "wide_resnet50_2", 448),
    "uflow-mcait-448": ("uflow", "mcait", 448),
    "msflow-wide_resnet50_2-512": ("msflow", "wide_resnet50_2", 512),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blemish", required=True, help="the program")
    parser.add_argument("--uflow", help="a checkout of github.com/mtailanian/uflow")
    parser.add_argument("--msflow", help="a checkout of github.com/cool-xuan/msflow")
    parser.add_argument("--configuration", action="append", choices=CONFIGURATIONS, default=[])
    parser.add_argument("--stage", action="append", default=[], help="one to time, as `blemish benchmark` calls it; all without")
    parser.add_argument("--batch", type=int, default=1, help="pictures at a time")
    parser.add_argument("--rounds", type=int, default=3, help="how often the sides take turns")
    parser.add_argument("--seconds", type=float, default=1, help="the least time for a stage in a round")
    parser.add_argument("--threads", type=int, help="threads on both sides; all cores without")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"], help="of Blemish's backbone and flow")
    parser.add_argument("--openvino", action="store_true", help="times the backbone in OpenVINO, too")
    parser.add_argument("--metrics", action="store_true", help="times AUPRO on 100 maps, minutes of the published side")
    parser.add_argument("--json", help="a file for all that was measured")
    parser.add_argument("--serve", choices=CONFIGURATIONS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options)
        return
    names = options.configuration or [n for n, c in CONFIGURATIONS.items() if getattr(options, c[0])]
    for name in names:
        detector = CONFIGURATIONS[name][0]
        if not getattr(options, detector):
            parser.error(f"{name} needs --{detector}, a checkout of the published code")
    if not names:
        parser.error("name at least one checkout, with --uflow or --msflow")
    report = {"command": sys.argv, "configurations": {}}
    for name in names:
        report["configurations"][name] = compare(name, options, report)
    report["date"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    print(f"{report['machine']}; published side: {report['published']}; {report['date']}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(report, file, indent=1)


def compare(name, options, report):
    """Lets the sides take turns on one configuration, and prints their medians."""
    peer = subprocess.Popen(
        [sys.executable, __file__, *sys.argv[1:], "--serve", name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    published = answer(peer, name)
    report["published"] = published.pop("versions")
    stages = {}
    for _ in range(options.rounds):
        peer.stdin.write("round\n")
        peer.stdin.flush()
        for stage, times in answer(peer, name).items():
            stages.setdefault(stage, {}).setdefault("published", []).extend(times)
        command = [options.blemish, "benchmark", "--json", "--configuration", name]
        command += ["--batch", str(options.batch), "--seconds", str(options.seconds)]
        command += ["--precision", options.precision]
        own_stages = [stage for stage in options.stage if not stage.startswith("OpenVINO")]
        command += [word for stage in own_stages for word in ("--stage", stage)]
        command += ["--threads", str(options.threads)] if options.threads else []
        own = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        report["machine"] = " ".join(str(own["machine"][key]) for key in ("processor", "threads", "libtorch", "blemish"))
        for timing in own["results"][0]["stages"]:
            times = [timing["seconds"], timing["processorSeconds"]]
            stages.setdefault(timing["stage"], {}).setdefault("blemish", []).append(times)
    peer.stdin.close()
    peer.wait()
    print(f"\n{name}, {options.batch} at a time, Blemish in {options.precision}, milliseconds (in brackets: processor time)")
    for stage, sides in stages.items():
        medians = {side: [statistics.median(t) for t in zip(*times)] for side, times in sides.items()}
        row = f"  {stage:18}" + "".join(f"{side} {wall * 1e3:9.1f} [{cpu * 1e3:9.1f}]  "
                                        for side, (wall, cpu) in medians.items())
        if "published" in medians and "blemish" in medians:
            row += "ratio {:.2f} [{:.2f}]".format(*(p / b for p, b in zip(medians["published"], medians["blemish"])))
        print(row, flush=True)
    return stages


def answer(peer, name):
    line = peer.stdout.readline()
    if not line:
        sys.exit(f"{name}: the published side ended (exit status {peer.wait()}); its own message stands above")
    return json.loads(line)


def serve(options):
    """The published side of one configuration: times every stage whenever it is asked to."""
    # What the published code prints must not come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    detector, backbone, size = CONFIGURATIONS[options.serve]
    sys.path.insert(0, getattr(options, detector))
    images = torch.randn(options.batch, 3, size, size)
    stages, versions = (uflow if detector == "uflow" else msflow)(backbone, size, images, options)
    versions = {"torch": torch.__version__, **versions}
    print(json.dumps({"versions": versions}), file=answers, flush=True)
    for _ in sys.stdin:
        asked = [name for name in stages if not options.stage or name in options.stage]
        times = {name: timed(stages[name], options.seconds) for name in asked}
        print(json.dumps(times), file=answers, flush=True)


def timed(work, seconds):
    """Wall and processor time of every run, after one that is not counted."""
    work()
    times = []
    start = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        # A stage of many seconds is run no more often than a round needs.
        if times and times[0][0] > 2:
            break
        wall, cpu = time.perf_counter(), processor_time()
        work()
        times.append([time.perf_counter() - wall, processor_time() - cpu])
    return times


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def published_uflow(backbone, size):
    """The published model, from the checkout in Python's path."""
    import timm

    published = timm.create_model
    # The weights are generated: nothing is fetched.
    timm.create_model = lambda *names, **settings: published(*names, **{**settings, "pretrained": False})
    from src.model import UFlow

    return UFlow(input_size=size, flow_steps=4, backbone=backbone)


def uflow(backbone, size, images, options):
    import timm
    import torch

    from src.nfa_tree import compute_nfa_anomaly_score_tree

    model = published_uflow(backbone, size).eval()
    extractor = model.feature_extractor
    with torch.no_grad():
        features = [f.detach() for f in extractor.extract_features(images)]
        latents, _ = model.encode(extractor.normalize_features(features))
    one = [z[:1] for z in latents]
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-12, weight_decay=1e-5)

    def without_gradient(work):
        def run():
            with torch.no_grad():
                work()
        return run

    def training_step():
        optimizer.zero_grad()
        z, log_determinant = model.encode(extractor.normalize_features(features))
        loss = torch.mean(sum(0.5 * torch.sum(zi**2, dim=(1, 2, 3)) for zi in z) - log_determinant)
        loss.backward()
        optimizer.step()

    maps, masks = torch.randn(100, 256, 256), torch.zeros(100, 256, 256)
    masks[::2, 85:110, 85:110] = 1

    def per_region_overlap():
        from src.aupro import AUPRO

        metric = AUPRO()
        metric.update(maps, masks)
        metric.compute()

    stages = {
        "backbone": without_gradient(lambda: extractor.extract_features(images)),
        "detector": without_gradient(lambda: model.encode(extractor.normalize_features(features))),
        "map": without_gradient(lambda: model.get_probability(latents, 256)),
        "test, published": without_gradient(lambda: compute_nfa_anomaly_score_tree(one, 256)),
        "training step": training_step,
    }
    if options.metrics:
        stages["metrics, 100 maps"] = per_region_overlap
    if options.openvino:
        class Features(torch.nn.Module):
            def forward(self, x):
                return extractor.extract_features(x)
        stages.update(openvino(Features().eval(), images))
    return stages, {"timm": timm.__version__}


def msflow(backbone, size, images, options):
    from types import SimpleNamespace

    import torch
    from models import resnet
    from models.flow_models import build_msflow_model
    from post_process import post_process
    from utils import positionalencoding2d

    extractor = getattr(resnet, backbone)(pretrained=False).eval()
    with torch.no_grad():
        features = [f.detach() for f in extractor(images)]
    settings = SimpleNamespace(
        c_conds=[64, 64, 64], parallel_blocks=[2, 5, 8], clamp_alpha=1.9, input_size=(size, size), top_k=0.03)
    parallel_flows, fusion_flow = build_msflow_model(settings, [f.shape[1] for f in features])
    pool = torch.nn.AvgPool2d(3, 2, 1)
    parameters = [*fusion_flow.parameters(), *(p for flow in parallel_flows for p in flow.parameters())]
    optimizer = torch.optim.Adam(parameters, lr=1e-12)

    def forward():
        outputs, log_determinants = [], []
        for feature, flow, channels in zip(features, parallel_flows, settings.c_conds):
            y = pool(feature)
            condition = positionalencoding2d(channels, *y.shape[2:]).unsqueeze(0).repeat(len(y), 1, 1, 1)
            z, log_determinant = flow(y, [condition])
            outputs.append(z)
            log_determinants.append(log_determinant)
        outputs, log_determinant = fusion_flow(outputs)
        return outputs, log_determinant + sum(log_determinants)

    def flow():
        with torch.no_grad():
            forward()

    def backbone_stage():
        with torch.no_grad():
            extractor(images)

    with torch.no_grad():
        latents, _ = forward()
    sizes = [list(z.shape[-2:]) for z in latents]

    def map_stage():
        with torch.no_grad():
            post_process(settings, sizes, [[-0.5 * torch.mean(z**2, 1)] for z in latents])

    def training_step():
        optimizer.zero_grad()
        z, log_determinant = forward()
        loss = (sum(0.5 * torch.sum(zi**2, (1, 2, 3)) for zi in z) - log_determinant).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 2)
        optimizer.step()

    stages = {"backbone": backbone_stage, "detector": flow, "map": map_stage, "training step": training_step}
    if options.openvino:
        stages.update(openvino(extractor, images))
    return stages, {}


def openvino(module, images):
    """The backbone converted for OpenVINO, in both precisions."""
    import openvino as ov

    model = ov.convert_model(module, example_input=images)
    stages = {}
    for name, kind in (("float32", ov.Type.f32), ("bfloat16", ov.Type.bf16)):
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": kind}
        compiled = ov.Core().compile_model(model, "CPU", settings)
        stages[f"OpenVINO {name}"] = lambda compiled=compiled: compiled(images.numpy())
    return stages


if __name__ == "__main__":
    main()
