"""The pixels: reads, decodes, halves, encodes and writes frames of whole-slide images. Decides nothing about a plan.

What the planner and the executor use:

    reader = FrameReader(session, root)                        frames.py: batches in flight, bounded memory
    header = read_header(session, url)                         header.py: every attribute before the pixel data
    source = Source(headers, reader.of(study, series))         source.py: one level as stored (or its parts)
    missing_levels(source, (1, 2, 3), stage, making)           levels.py: -> Iterator[NewInstance], coarsest first
    rewritten(source, Change(encode=True), stage, making)      rewrite.py: -> NewInstance with the same pixels

* `halvings` say how often the source is halved: 1 is half the width and height (rounded up), 2 a quarter. A source is
  the base, or the finest existing level below which one is missing.
* `NewInstance` has `uid`, `dataset` (all but the pixel data, with file_meta) and `stream()`: a fresh iterator over the
  bytes of the Part 10 file at each call, always the same. `size` is their number where it is known before.
* `Stage` (stage.py) keeps encoded rows of tiles outside of this process's memory until a level is complete: in the job
  a prefix of its private bucket, in tests a dict or a folder. Once an instance is stored: `stage.clear(uid + "/")`.
* `Making` (instances.py) is what new UIDs and encodings depend on: version, JPEG quality. `new_uid(...)` is pure.
* `CannotPlace`, `CannotDecode` (errors.py, both SeriesFailed) are sentences for `blocked` or `failed`.
* `RateBudget`, `BudgetedAdapter` (budget.py): the adapter goes inside `RetryingAdapter` as its `inner`.
"""
