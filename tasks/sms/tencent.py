"""腾讯云短信 (sms 2021-01-11, SendSms), by its SDK: the extra `sms-tencent`."""

from collections.abc import Mapping
from string import Formatter
from typing import Any
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import SendSmsRequest
from tencentcloud.sms.v20210111.sms_client import SmsClient

from tasks.sms.gateway import (
    Delivery,
    GatewaySettings,
    Message,
    MessageRefused,
    Receipt,
    ReportUnreadable,
    failure,
    noted,
    text,
)
from tasks.sms.texts import SIGNATURE, TEMPLATES

ENDPOINT = "https://sms.tencentcloudapi.com/"
_REGION = "ap-guangzhou"
_OF_THE_MESSAGE = ("FailedOperation", "InvalidParameter", "LimitExceeded", "MissingParameter", "UnsupportedOperation")
"""How the codes begin that speak of the message."""


class TencentGateway:
    """Sends by the template's id and the values of its places, in the order of our text. The service knows no key that
    would make a message one: if its answer is lost, the message may be sent twice."""

    name = "tencent"
    received: Mapping[str, Any] = {"result": 0, "errmsg": "OK"}

    def __init__(self, settings: GatewaySettings) -> None:
        if not (settings.key_id and settings.secret and settings.app_id and settings.templates):
            needed = "JIGAI_SMS_KEY_ID, JIGAI_SMS_SECRET, JIGAI_SMS_APP_ID and JIGAI_SMS_TEMPLATES"
            raise ValueError(f"the gateway tencent needs {needed}")
        self._settings = settings
        place = urlsplit(settings.url or ENDPOINT)
        http = HttpProfile(protocol=place.scheme, endpoint=place.netloc, reqTimeout=settings.timeout)
        credential = Credential(settings.key_id, settings.secret)
        self._client = SmsClient(credential, _REGION, ClientProfile(httpProfile=http))

    def send(self, message: Message) -> Receipt:
        if message.template not in self._settings.templates:
            raise MessageRefused(f"JIGAI_SMS_TEMPLATES 没有模板 {message.template}")
        request = SendSmsRequest()
        request.PhoneNumberSet = [f"+86{message.mobile}"]
        request.SmsSdkAppId = self._settings.app_id
        request.SignName = SIGNATURE.strip("【】")
        request.TemplateId = self._settings.templates[message.template]
        places = [place for _, place, _, _ in Formatter().parse(TEMPLATES[message.template]) if place]
        request.TemplateParamSet = [message.places[place] for place in places]
        request.SessionContext = message.key
        try:
            statuses = self._client.SendSms(request).SendStatusSet or []
        except TencentCloudSDKException as error:
            raise failure(str(error.code or ""), error.message, _OF_THE_MESSAGE) from error
        if len(statuses) != 1 or statuses[0].Code != "Ok" or not statuses[0].SerialNo:
            code, said = (statuses[0].Code or "", statuses[0].Message) if statuses else ("", "")
            raise failure(code, said, _OF_THE_MESSAGE)
        return Receipt(statuses[0].SerialNo)

    def deliveries(self, told: Any) -> list[Delivery]:
        if not isinstance(told, list):
            raise ReportUnreadable("a list of reports is missing")
        return [
            Delivery(text(one, "sid"), one.get("report_status") == "SUCCESS", noted(one.get("errmsg"))) for one in told
        ]
