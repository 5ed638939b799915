"""Who lives in the demo world, and what they say. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a phone number. `opening` is said to a new device of `Ana` or `Bruno`; `answers` in turn."""

    local: str
    name: str
    about: str
    opening: dict[str, tuple[str, ...]] = field(default_factory=dict)
    answers: tuple[str, ...] = ()


ANA: Final = Person("5511961234567", "Ana Souza", "Between São Paulo and Hamburg")
BRUNO: Final = Person(
    "4915112345678",
    "Bruno Keller",
    "Up a hill, mostly",
    {"Ana": ("Brocken on Sunday. Next time with you!", "I’ll pick you up, just send me the flight number.")},
    ("Deal!", "Write it to me again on Saturday, I forget everything before breakfast.", "Haha. See you then."),
)
LIVIA: Final = Person(
    "5521981234567",
    "Lívia Prado",
    "Rio",
    {"Ana": ("Did you see the light over Ipanema today?",), "Bruno": ("Is it true that it snows up there?",)},
    ("Send me a photo!", "I will call you tonight.", "Beijo!"),
)
MARISA: Final = Person(
    "5511971234567",
    "Mãe",
    "",
    {"Ana": ("Chego no domingo de manhã. Faço pão de queijo?",)},
    ("Que bom, filha.", "Já comeu hoje?", "Um abraço apertado."),
)
KENJI: Final = Person(
    "819012345678",
    "Kenji Mori",
    "Trains and film cameras",
    {"Ana": ("The prints are ready. Shall I post them?",)},
    ("Good. I send them tomorrow.", "Thank you, Ana."),
)
JONAS: Final = Person(
    "4915123456789",
    "Jonas Weber",
    "Sunday hiker",
    {"Bruno": ("Platform 4, quarter to eight. I bring the map.",)},
    ("The weather holds, I checked twice.", "Then it is settled.", "Up we go."),
)
HUMANS: Final = (ANA, BRUNO)
FRIENDS: Final = (BRUNO, LIVIA, MARISA, KENJI, JONAS)
EVERYBODY: Final = (ANA, *FRIENDS)

GROUP: Final = "sunday-hikers"
GROUP_NAME: Final = "Sunday hikers"
GROUP_ABOUT: Final = "Every second Sunday, whatever the weather says."
GROUP_MEMBERS: Final = (JONAS, ANA, BRUNO, LIVIA)
GROUP_TALK: Final = (
    (JONAS, "Brocken on Sunday: who is in?"),
    (LIVIA, "I land on Saturday. In!"),
    (BRUNO, "In. Somebody has to carry Jonas down again."),
    (JONAS, "Once! Who takes the big thermos?"),
)
GROUP_ANSWERS: Final = (
    (JONAS, "Noted. Meet at the station, quarter to eight."),
    (LIVIA, "I bring the pão de queijo."),
    (BRUNO, "And I bring the plasters."),
)
