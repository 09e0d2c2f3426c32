"""阿里云短信服务 (Dysmsapi 2017-05-25, SendSms), by its SDK: the extra `sms-aliyun`."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions
from Tea.exceptions import TeaException

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
from tasks.sms.texts import SIGNATURE

ENDPOINT = "https://dysmsapi.aliyuncs.com/"
_OF_THE_MESSAGE = ("isv.",)
"""How the codes begin that speak of the message."""


class AliyunGateway:
    """Sends by the template's code and the values of its places. The service knows no key that would make a message
    one: if its answer is lost, the message may be sent twice."""

    name = "aliyun"
    received: Mapping[str, Any] = {"code": 0, "msg": "接收成功"}

    def __init__(self, settings: GatewaySettings) -> None:
        if not (settings.key_id and settings.secret and settings.templates):
            raise ValueError("the gateway aliyun needs JIGAI_SMS_KEY_ID, JIGAI_SMS_SECRET and JIGAI_SMS_TEMPLATES")
        self._templates = settings.templates
        place, patience = urlsplit(settings.url or ENDPOINT), int(settings.timeout * 1000)
        config = Config(access_key_id=settings.key_id, access_key_secret=settings.secret)
        config.endpoint, config.protocol = place.netloc, place.scheme
        self._client = Client(config)
        self._runtime = RuntimeOptions(connect_timeout=patience, read_timeout=patience, autoretry=False)

    def send(self, message: Message) -> Receipt:
        if message.template not in self._templates:
            raise MessageRefused(f"JIGAI_SMS_TEMPLATES 没有模板 {message.template}")
        request = SendSmsRequest(
            phone_numbers=message.mobile,
            sign_name=SIGNATURE.strip("【】"),
            template_code=self._templates[message.template],
            template_param=json.dumps(dict(message.places), ensure_ascii=False),
            out_id=message.key,
        )
        try:
            answer = self._client.send_sms_with_options(request, self._runtime).body
        except TeaException as error:
            raise failure(str(error.code or ""), error.message or error, _OF_THE_MESSAGE) from error
        if answer is None or answer.code != "OK" or not answer.biz_id:
            raise failure(str(answer.code or "") if answer else "", answer.message if answer else "", _OF_THE_MESSAGE)
        return Receipt(answer.biz_id)

    def deliveries(self, told: Any) -> list[Delivery]:
        if not isinstance(told, list):
            raise ReportUnreadable("a list of reports is missing")
        return [Delivery(text(one, "biz_id"), one.get("success") is True, noted(one.get("err_code"))) for one in told]
