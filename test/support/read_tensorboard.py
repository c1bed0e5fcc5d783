"""Prints, for each line of stdin, what TensorBoard's own reader now knows of a run's folder, as a line of JSON."""
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0, "tensors": 0})
for _ in sys.stdin:
    run.Reload()
    tags = run.Tags()
    print(
        json.dumps(
            {
                "scalars": {tag: [[e.step, e.value] for e in run.Scalars(tag)] for tag in tags["scalars"]},
                "histograms": {
                    tag: [
                        [e.step, e.histogram_value.num, e.histogram_value.min, list(e.histogram_value.bucket)]
                        for e in run.Histograms(tag)
                    ]
                    for tag in tags["histograms"]
                },
                "images": {
                    tag: [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in run.Images(tag)]
                    for tag in tags["images"]
                },
            }
        ),
        flush=True,
    )
