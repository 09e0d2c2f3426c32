"""marshmallow schemas of filings, certificates and lookups, as the OpenAPI document shows them."""

from marshmallow import Schema, fields

from web.api.schemas import page_of


class DocumentLine(Schema):
    id = fields.String()
    number = fields.String(metadata={"description": "申报编号 and the like"})
    status = fields.String()
    project_name = fields.String(allow_none=True)
    project_code = fields.String(allow_none=True)
    enterprise_name = fields.String()
    agency_name = fields.String(allow_none=True)
    instance_id = fields.String(allow_none=True)
    certificate = fields.String(allow_none=True)
    submitted_at = fields.AwareDateTime(allow_none=True)
    updated_at = fields.AwareDateTime()


DocumentPage = page_of(DocumentLine)


class AttachmentAnswer(Schema):
    id = fields.String()
    name = fields.String()
    size = fields.Integer(metadata={"description": "bytes"})
    content_type = fields.String()
    sha256 = fields.String()


class EnterpriseAnswer(Schema):
    name = fields.String()
    uscc = fields.String()
    economic_type = fields.String()
    region = fields.String()
    region_name = fields.String()
    address = fields.String()
    legal_rep = fields.Dict(metadata={"description": "masked (R95)"})
    contact = fields.Dict(metadata={"description": "masked (R95)"})


class DocumentAnswer(DocumentLine):
    revision = fields.Integer()
    submission = fields.Integer()
    editable = fields.Boolean()
    allowed_actions = fields.List(
        fields.String(),
        metadata={"description": "of edit, delete, submit, withdraw and copy, what whoever asks may do now"},
    )
    opinion = fields.String(allow_none=True, metadata={"description": "of the return or refusal it is in"})
    form = fields.Dict()
    enterprise = fields.Nested(EnterpriseAnswer)
    attachments = fields.List(fields.Nested(AttachmentAnswer))


class FindingAnswer(Schema):
    field = fields.String()
    code = fields.String()
    message = fields.String()
    detail = fields.String()
    severity = fields.String()


class HintAnswer(Schema):
    field = fields.String()
    message = fields.String()
    kept = fields.Boolean()


class ExaminationAnswer(Schema):
    errors = fields.List(fields.Nested(FindingAnswer))
    warnings = fields.List(fields.Nested(FindingAnswer))
    hints = fields.List(fields.Nested(HintAnswer))
    passed = fields.Integer()
    total = fields.Integer()
    computed = fields.Dict()


class MaterialAnswer(Schema):
    key = fields.String()
    title = fields.String()
    note = fields.String(metadata={"description": "what it must contain"})
    attachment = fields.String(allow_none=True, metadata={"description": "the id of the file, once there is one"})


class ApprovalExamination(ExaminationAnswer):
    """`computed.tender` has what was asked with `required` and `basis`; `computed.foreign` says 外商投资."""

    materials = fields.List(fields.Nested(MaterialAnswer), metadata={"description": "what the answers ask for"})


class PlatformView(Schema):
    found = fields.Boolean()
    name = fields.String()
    place = fields.String()
    region = fields.String()
    region_name = fields.String()
    status = fields.String()


class ElectronicSealAnswer(Schema):
    """What the PAdES signature in a PDF says, as a program that reads PDFs finds it there."""

    subject = fields.String(metadata={"description": "whose seal it is"})
    issuer = fields.String(metadata={"description": "who vouches for that"})
    serial = fields.String(metadata={"description": "of the certificate, hexadecimal"})
    sealed_at = fields.DateTime()
    licence_id = fields.String(
        allow_none=True, metadata={"description": "what 电子证照系统 calls it; null while it is not registered there"}
    )
    specimen = fields.Boolean(metadata={"description": "whether it is worth nothing outside a demonstration"})


class CertificateAnswer(Schema):
    number = fields.String()
    status = fields.String()
    invalid_reason = fields.String(allow_none=True)
    issue_date = fields.Date()
    valid_until = fields.Date(allow_none=True)
    extended = fields.Boolean()
    seal = fields.String(metadata={"description": "ON_PAPER: issued on paper by the old system, there is no PDF"})
    project_name = fields.String()
    project_code = fields.String()
    enterprise = fields.String()
    agency = fields.String()
    filing_id = fields.String()
    verify_token = fields.String()
    pdf_sha256 = fields.String(allow_none=True)
    electronic_seal = fields.Nested(ElectronicSealAnswer, allow_none=True)


class LetterAnswer(Schema):
    """A letter used together with a certificate."""

    name = fields.String(metadata={"description": "变更函 or 更正说明"})
    number = fields.String()
    issue_date = fields.Date()
    agency = fields.String(metadata={"description": "who issued it"})
    items = fields.List(fields.String(), metadata={"description": "what it changes, not to what"})
    pdf_sha256 = fields.String(allow_none=True)
    electronic_seal = fields.Nested(ElectronicSealAnswer, allow_none=True)


class CorrectionAnswer(LetterAnswer):
    """A corrigendum, with what was written wrongly."""

    note = fields.String()


class PublicPaperAnswer(Schema):
    """What the public may know of a paper: who issued it to whom, not what it says."""

    kind = fields.String()
    name = fields.String()
    number = fields.String()
    issue_date = fields.Date()
    agency = fields.String(metadata={"description": "who issued it"})
    enterprise = fields.String()
    project_name = fields.String()
    pdf_sha256 = fields.String(allow_none=True, metadata={"description": "null while it is being made"})
    electronic_seal = fields.Nested(ElectronicSealAnswer, allow_none=True)
    status = fields.String(allow_none=True, metadata={"description": "of a 核准批复, now; null for other papers"})
    invalid_reason = fields.String(allow_none=True)
    valid_until = fields.Date(allow_none=True, metadata={"description": "of a 核准批复; null: long-term"})


class PaperAnswer(PublicPaperAnswer):
    id = fields.String()
    verify_token = fields.String()


class VerificationAnswer(Schema):
    """What the public may know of a certificate. `letter` is the letter whose QR code was followed; where it
    was that of another paper, there is `paper` and nothing else."""

    paper = fields.Nested(PublicPaperAnswer)
    letter = fields.Nested(LetterAnswer, allow_none=True)
    letters = fields.List(fields.Nested(LetterAnswer), metadata={"description": "变更函"})
    corrections = fields.List(fields.Nested(CorrectionAnswer), metadata={"description": "更正说明"})

    number = fields.String()
    status = fields.String()
    invalid_reason = fields.String(allow_none=True)
    issue_date = fields.Date()
    valid_until = fields.Date(allow_none=True)
    extended = fields.Boolean()
    seal = fields.String()
    project_name = fields.String()
    enterprise = fields.String()
    agency = fields.String()
    pdf_sha256 = fields.String(allow_none=True)
    electronic_seal = fields.Nested(ElectronicSealAnswer, allow_none=True)


class LookupItem(Schema):
    value = fields.String()
    label = fields.String()
    hint = fields.String()


class LookupAnswer(Schema):
    items = fields.List(fields.Nested(LookupItem))
