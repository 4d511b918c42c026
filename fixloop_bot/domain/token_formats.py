"""Formats of tokens that are known by their beginning alone, whatever stands around them: issuer → pattern (RE2).

A format is listed where its beginning is not met in ordinary text. Formats that need a word beside them (bare hex, bare
UUIDs) are the business of ``redaction``'s names, and of the detector.
"""

from __future__ import annotations

FORMATS: tuple[tuple[str, str], ...] = (
    ("JWT, signed or encrypted", r"eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)*"),
    ("AWS", r"(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{12,}"),
    ("Slack", r"(?:xox[a-z]|xapp)(?:\.xox[a-z])?-[\w-]{8,}"),
    ("GitHub", r"gh[a-z]_[A-Za-z0-9]{16,}|github_pat_\w{16,}"),
    ("GitLab", r"gl[a-z]{2,5}-[\w-]{16,}"),
    ("OpenAI, MiniMax, Anthropic and others", r"(?:sk|rk|pk|mk)-[\w-]{16,}"),
    ("Stripe", r"(?:sk|rk|pk)_(?:live|test)_\w{8,}|whsec_[\w+/=-]{16,}"),
    ("Google", r"AIza[\w-]{30,}|ya29\.[\w-]{16,}|GOCSPX-[\w-]{16,}"),
    ("SendGrid", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    ("npm", r"npm_\w{30,}"),
    ("PyPI", r"pypi-\w[\w-]{30,}"),
    ("Hugging Face", r"hf_\w{20,}"),
    ("DigitalOcean", r"do[opr]_v1_\w{30,}"),
    ("Shopify", r"shp[a-z]{2}_\w{24,}"),
    ("HashiCorp Vault", r"hv[sbr]\.[\w-]{20,}"),
    ("HashiCorp Terraform", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}"),
    # Datadog's usual keys are bare hex, like a trace id: known by the name beside them, or by these beginnings.
    ("Datadog", r"pub[0-9a-f]{32}|dda(?:pp|pi)_\w{24,}"),
    ("1Password", r"ops_eyJ[\w+/=-]{40,}|A3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,6}"),
    ("age", r"AGE-SECRET-KEY-1[A-Z0-9]{40,}"),
    ("Airtable", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{40,}"),
    ("Artifactory", r"AKCp[A-Za-z0-9]{60,}|cmVmdGtu[A-Za-z0-9]{40,}"),
    ("Atlassian", r"AT(?:ATT|CTT|BB)[A-Za-z0-9][\w=-]{24,}"),
    ("Azure, client secret", r"[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}"),
    ("Buildkite", r"bk[au]{1,2}_[0-9a-f]{30,}"),
    ("CircleCI", r"CCIPAT_[A-Za-z0-9]{16,}_[0-9a-f]{30,}"),
    ("Cloudflare", r"v1\.0-[0-9a-f]{20,}-[0-9a-f]{100,}"),
    ("Databricks", r"dapi[0-9a-f]{32}(?:-\d)?|dose[0-9a-f]{32}"),
    ("Discord", r"discord(?:app)?\.com/api/webhooks/[0-9]{15,}/[\w-]{50,}"),
    ("Docker Hub", r"dckr_(?:pat|oat)_[\w-]{20,}"),
    ("Doppler", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{36,}"),
    ("EasyPost", r"EZ[AT]K[A-Za-z0-9]{50,}"),
    ("Facebook", r"EAA(?:C|M|G|J)[A-Za-z0-9]{60,}"),
    ("Figma", r"fig[dou]r?_[\w-]{36,}"),
    ("Fly.io", r"fm[12][ar]?_[\w+/=-]{60,}"),
    ("Grafana", r"gl(?:sa|c)_[\w+/=-]{30,}"),
    ("Groq", r"gsk_[A-Za-z0-9]{40,}"),
    ("Heroku", r"HRKU-[\w-]{36,}"),
    ("Intercom", r"dG9rO[\w+/=-]{50,}"),
    ("LaunchDarkly", r"(?:sdk|mob|api)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("Linear", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    ("Mailchimp", r"[0-9a-f]{32}-us[0-9]{1,2}"),
    ("Mailgun", r"(?:key|pubkey)-[0-9a-f]{32}"),
    ("New Relic", r"NR(?:AK|II|IQ|JS|RA)-[\w-]{18,}"),
    ("Notion", r"(?:ntn|secret)_[A-Za-z0-9]{40,}"),
    ("PayPal", r"access_token\$(?:production|sandbox)\$[A-Za-z0-9]{12,}\$[0-9a-f]{32}"),
    ("Perplexity", r"pplx-[A-Za-z0-9]{40,}"),
    ("PlanetScale", r"pscale_(?:pw|tkn|oauth)_[\w.-]{32,}"),
    ("Postman", r"PMAK-[0-9a-f]{24}-[0-9a-f]{30,}"),
    ("Pulumi", r"pul-[0-9a-f]{40}"),
    ("Replicate", r"r8_[A-Za-z0-9]{37}"),
    ("RubyGems", r"rubygems_[0-9a-f]{40,}"),
    ("Sentry", r"sntry[su]_[\w+/=-]{40,}"),
    ("SonarQube", r"sq[apu]_[0-9a-f]{40}"),
    ("Square", r"sq0[a-z]{3}-[\w-]{22,}|EAAA[\w-]{60}"),
    ("Supabase", r"sb(?:p|_secret|_publishable)_[\w-]{30,}"),
    ("Tailscale", r"tskey-[a-z]+-[A-Za-z0-9]{8,}-[A-Za-z0-9]{16,}"),
    ("Telegram", r"[0-9]{8,10}:AA[\w-]{32,33}"),
    ("Twilio", r"SK[0-9a-f]{32}"),
    ("Twitch", r"oauth:[a-z0-9]{30}"),
    ("xAI", r"xai-[A-Za-z0-9]{60,}"),
)


def _bounded(pattern: str) -> str:
    """A token begins where a word begins; one that may begin with a sign begins anywhere."""
    return pattern if pattern.startswith("[A-Za-z0-9_~.-]") else rf"\b(?:{pattern})"


ANY = "|".join(_bounded(pattern) for _, pattern in FORMATS)
