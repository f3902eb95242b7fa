"""What it costs to read the raw store once more, said before it begins: images in a cheaper class are dear to read."""

from __future__ import annotations

from ops.status.records import RecordsReader
from ops.status.stores import measure_stores, paid_reads


def announce_retrieval(records: RecordsReader, store: str, times: int, why: str) -> str:
    """One sentence about `store` (full name), each of whose images is read `times` over (`why`)."""
    from ops.review.cost import table  # brings Pulumi

    size = measure_stores(records, {"raw": store}).stores["raw"]
    if size.refusal or size.classes is None:
        return f"What it costs to read the raw store is not known: {size.refusal}"
    prices = {key: float(entry["usd"]) for key, entry in table()["prices"].items()}
    moved, usd = paid_reads(size.classes.sizes.items(), prices, times)
    if not moved:
        return "No image of the raw store is in a storage class that charges for reading."
    kept = "; ".join(size.classes.lines())
    return (
        f"Reading images that were moved is paid for: {kept}. {why}: about USD {usd:,.2f} for reading, by list prices."
    )
