"""被疑者等支援 (support for suspects and defendants)."""
