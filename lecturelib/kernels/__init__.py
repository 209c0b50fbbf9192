"""Part I: from feature maps to the tangent kernel."""
