"""All pages of the organisers' console that are about open evenings."""

from starlette.routing import BaseRoute

from engage.events.console import (
    adding,
    door_devices,
    doors,
    drafts,
    editing_pages,
    evenings,
    home,
    mailings,
    needs,
    people,
    questions,
    registrations,
    tonight,
    uploads,
)

# What is made comes before what is found: "new" is no evening's address, nor a sitting's or a post's key.
routes: list[BaseRoute] = [
    *home.routes,
    *drafts.routes,
    *editing_pages.routes,
    *tonight.routes,
    *adding.routes,
    *uploads.routes,
    *people.routes,
    *mailings.routes,
    *needs.routes,
    *registrations.routes,
    *evenings.routes,
    *door_devices.routes,
    *doors.routes,
    *questions.routes,
]
