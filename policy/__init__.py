"""What must never be declared, as pure functions; policy pack, in-process check and plan gate are front ends."""
