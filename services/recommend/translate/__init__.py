"""Between stored events and recommend's own book, rules and advice."""

from services.recommend.translate.advice import closed, issued, standing_of
from services.recommend.translate.answers import answer_of, past_answer
from services.recommend.translate.book import book_of, lives_of, stored_document, unit_row

__all__ = [
    "answer_of",
    "book_of",
    "closed",
    "issued",
    "lives_of",
    "past_answer",
    "standing_of",
    "stored_document",
    "unit_row",
]
