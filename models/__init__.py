"""Networks in Keras 3 that augkit's recipes train; they import Keras and nothing of augkit."""
