"""Names, places and mailbox domains of the invented people. All domains are reserved (RFC 2606, RFC 6761)."""

from __future__ import annotations

FIRST_NAMES = {
    "en": "Ada Alice Amelia Ben Charlotte Chloe Daniel Edward Ella Emma Ethan Eva Grace Harry Isla Jack James Lily Liam "
    "Mason Mia Noah Oliver Olivia Oscar Ruby Sam Sophie Thomas Zoë",
    "de": "Anna Ben Clara Elias Emil Emilia Felix Finn Frieda Greta Hannah Ida Jakob Jürgen Käthe Lena Leon Lina Lukas "
    "Marie Mats Mila Moritz Nora Paul Sören Theo Tilda Uwe Vera",
    "fr": "Adèle Agathe Alice Anaïs Arthur Camille Chloé Éloïse Émile Gabriel Hugo Inès Jade Jules Juliette Léa Léo Louis "
    "Louise Lucas Manon Maël Nathan Noé Paul Raphaël Romane Théo Zoé Océane",
    "es": "Adrián Alba Alejandro Andrés Beatriz Carla Carmen Daniel Diego Elena Hugo Inés Iker Irene Javier José Julia "
    "Lucía Manuel María Mateo Martín Noa Óscar Pablo Paula Raúl Sofía Valeria Íñigo",
}
LAST_NAMES = {
    "en": "Adams Baker Barnes Bell Carter Clarke Cooper D'Arcy Edwards Evans Fisher Foster Green Hall Harris Hughes Jackson "
    "King Lee Miller Moore Morgan O'Brien Parker Reed Scott Smith-Jones Taylor Walker Wright",
    "de": "Bauer Becker Braun Fischer Fuchs Groß Hartmann Hoffmann Huber Jäger Kaiser Keller Köhler Krüger Lang Lehmann "
    "Maier Müller Neumann Peters Richter Schäfer Schmidt Schröder Schulz Vogel Wagner Weber Weiß Zimmermann",
    "fr": "Bernard Blanc Bonnet Boyer Chevalier Dubois Dupont Durand Fontaine Fournier Garnier Gauthier Girard Lambert "
    "Laurent Lefèvre Leroy Martin Mercier Michel Moreau Morel Perrin Petit Renard Robert Roux Simon Vidal L'Hermitte",
    "es": "Álvarez Blanco Castro Delgado Díaz Domínguez Fernández García Gil Gómez González Gutiérrez Hernández Iglesias "
    "Jiménez López Martínez Molina Moreno Muñoz Navarro Núñez Ortega Pérez Ramírez Rodríguez Romero Ruiz Sánchez "
    "Vázquez",
}
PLACES = (
    (18, "US", "en-US", "America/New_York"),
    (12, "US", "en-US", "America/Chicago"),
    (4, "US", "en-US", "America/Denver"),
    (12, "US", "en-US", "America/Los_Angeles"),
    (1, "US", "es-US", "America/Los_Angeles"),
    (1, "US", "en-US", "Pacific/Honolulu"),
    (9, "GB", "en-GB", "Europe/London"),
    (5, "CA", "en-CA", "America/Toronto"),
    (2, "CA", "fr-CA", "America/Toronto"),
    (3, "AU", "en-AU", "Australia/Sydney"),
    (1, "IE", "en", "Europe/Dublin"),
    (1, "IN", "en-IN", "Asia/Kolkata"),
    (9, "DE", "de-DE", "Europe/Berlin"),
    (2, "AT", "de-AT", "Europe/Vienna"),
    (2, "CH", "de-CH", "Europe/Zurich"),
    (8, "FR", "fr-FR", "Europe/Paris"),
    (1, "BE", "fr-BE", "Europe/Brussels"),
    (6, "ES", "es-ES", "Europe/Madrid"),
    (2, "MX", "es-MX", "America/Mexico_City"),
    (1, "AR", "es-419", "America/Argentina/Buenos_Aires"),
)
"""(weight, country, locale, time zone)."""

DOMAINS = (
    (42, "gmail.example.com"),
    (4, "googlemail.example.com"),
    (12, "yahoo.example.net"),
    (3, "aol.example.net"),
    (12, "outlook.example.org"),
    (7, "hotmail.example.org"),
    (9, "icloud.example.com"),
    (2, "me.example.com"),
    (2, "harbour-music.test"),
    (1, "brightwater.example.com"),
    (1, "lindenhof.test"),
    (1, "atelier-nord.example.org"),
    (1, "larosaleda.test"),
    (1, "mail.university.example"),
    (1, "northlight.example.net"),
    (1, "kontor-weiss.test"),
)
"""(weight, domain)."""

GENRES = ("rock", "jazz", "classical", "electronic", "folk", "soul", "metal", "soundtracks")
CONSENT_SOURCES = ("checkout", "newsletter_form", "preference_centre", "in_store_tablet")
