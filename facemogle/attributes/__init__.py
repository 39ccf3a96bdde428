"""What an image of a face may show: the attributes, and the network that reads them."""
