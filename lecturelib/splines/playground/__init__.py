"""The playground, which several chapters show: a network that trains before the reader's eyes."""
