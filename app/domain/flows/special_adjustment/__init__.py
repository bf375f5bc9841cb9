"""特別調整・一般調整 (special and general adjustment)."""
