"""Tokens of every issuer that is known, made up anew: right in shape, and nobody's."""

from __future__ import annotations

import random
import string

DIGITS, LOWER, UPPER = string.digits, string.ascii_lowercase, string.ascii_uppercase
HEX, BIG, ALL = "0123456789abcdef", UPPER + DIGITS, string.ascii_letters + DIGITS
_dice = random.Random(4)


def _any(size: int, alphabet: str = ALL) -> str:
    return "".join(_dice.choices(alphabet, k=size))


def _uuid() -> str:
    return "-".join(_any(size, HEX) for size in (8, 4, 4, 4, 12))


TOKENS: dict[str, str] = {
    "1Password service account": "ops_eyJ" + _any(260),
    "Airtable": "pat" + _any(14) + "." + _any(64, HEX),
    "Anthropic": "sk-ant-api03-" + _any(93) + "AA",
    "Artifactory": "AKCp" + _any(69),
    "Atlassian": "ATATT3xFfGF0" + _any(180) + "=" + _any(8, "0123456789ABCDEF"),
    "AWS access key": "AKIA" + _any(16, UPPER + "234567"),
    "Azure client secret": "a" + _any(2) + "8Q~" + _any(34),
    "Buildkite": "bkua_" + _any(40, HEX),
    "CircleCI": "CCIPAT_" + _any(22) + "_" + _any(40, HEX),
    "Cloudflare origin": "v1.0-" + _any(24, HEX) + "-" + _any(146, HEX),
    "Databricks": "dapi" + _any(32, HEX),
    "Datadog client": "pub" + _any(32, HEX),
    "DigitalOcean": "dop_v1_" + _any(64, HEX),
    "Discord webhook": "discord.com/api/webhooks/" + _any(18, DIGITS) + "/" + _any(68),
    "Docker Hub": "dckr_pat_" + _any(27),
    "Doppler": "dp.pt." + _any(43),
    "EasyPost": "EZAK" + _any(54),
    "Facebook": "EAACEdEose0cBA" + _any(100),
    "Figma": "figd_" + _any(40),
    "Fly.io": "fm2_" + _any(100),
    "GitHub": "ghp_" + _any(36),
    "GitHub fine-grained": "github_pat_" + _any(22) + "_" + _any(59),
    "GitLab": "glpat-" + _any(20),
    "Google API": "AIza" + _any(35),
    "Google OAuth": "GOCSPX-" + _any(28),
    "Grafana": "glsa_" + _any(32) + "_" + _any(8, HEX),
    "Groq": "gsk_" + _any(52),
    "Heroku": "HRKU-AA" + _any(58),
    "Hugging Face": "hf_" + _any(34, string.ascii_letters),
    "Intercom": "dG9rO" + _any(54) + "=",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb25hcyJ9." + _any(43),
    "LaunchDarkly": "sdk-" + _uuid(),
    "Linear": "lin_api_" + _any(40),
    "Mailchimp": _any(32, HEX) + "-us12",
    "Mailgun": "key-" + _any(32, HEX),
    "New Relic": "NRAK-" + _any(27, BIG),
    "Notion": "ntn_" + _any(46),
    "npm": "npm_" + _any(36),
    "OpenAI": "sk-proj-" + _any(74) + "T3BlbkFJ" + _any(74),
    "PayPal": "access_token$production$" + _any(16, LOWER + DIGITS) + "$" + _any(32, HEX),
    "Perplexity": "pplx-" + _any(48),
    "PlanetScale": "pscale_pw_" + _any(43),
    "Postman": "PMAK-" + _any(24, HEX) + "-" + _any(34, HEX),
    "Pulumi": "pul-" + _any(40, HEX),
    "PyPI": "pypi-AgEIcHlwaS5vcmc" + _any(70),
    "Replicate": "r8_" + _any(37),
    "RubyGems": "rubygems_" + _any(48, HEX),
    "SendGrid": "SG." + _any(22) + "." + _any(43),
    "Sentry": "sntryu_" + _any(64, HEX),
    "Shopify": "shpat_" + _any(32, HEX),
    "Slack bot": "xoxb-" + _any(12, DIGITS) + "-" + _any(13, DIGITS) + "-" + _any(24),
    "SonarQube": "squ_" + _any(40, HEX),
    "Square": "sq0atp-" + _any(22),
    "Stripe": "sk_live_" + _any(24),
    "Supabase": "sbp_" + _any(40, HEX),
    "Tailscale": "tskey-auth-" + _any(12) + "-" + _any(32),
    "Telegram": _any(9, "123456789") + ":AA" + _any(33),
    "Terraform": _any(14) + ".atlasv1." + _any(64),
    "Twilio": "SK" + _any(32, HEX),
    "Twitch": "oauth:" + _any(30, LOWER + DIGITS),
    "Vault": "hvs." + _any(95),
    "xAI": "xai-" + _any(80),
    "age": "AGE-SECRET-KEY-1" + _any(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
}
