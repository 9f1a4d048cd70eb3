"""Enrichment by fixed rules."""
