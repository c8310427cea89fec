"""augkit: data augmentation that knows what a label survives."""

__version__ = "0.2.0"
