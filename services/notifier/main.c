/* The notifier: tells people what happened, in the portal and by mail. */
#include "announce.h"
#include "delivery.h"
#include "mail_send.h"
#include "mail_text.h"
#include "reading.h"

static struct mail_settings mail_conf;
static struct delivery_settings delivery_conf;
static struct mail *mail;
static struct delivery *delivery;

static const struct conf_param params[] = {
	{ "smtp_url", CONF_STR, &mail_conf.url, "",
	  "mail server, smtp://host:port or smtps://host:port; empty: no mail" },
	{ "mail_from", CONF_STR, &mail_conf.from, "", "address that mail comes from" },
	{ "smtp_user", CONF_STR, &mail_conf.user, "", "user name at the mail server" },
	{ "smtp_password_file", CONF_STR, &mail_conf.password_file, "",
	  "file whose first line is the password there" },
	{ "smtp_timeout_s", CONF_INT(1, 600), &mail_conf.timeout_s, "10",
	  "longest time one letter may take" },
	{ "public_url", CONF_STR, &delivery_conf.public_url, "",
	  "address of the portal, for links in mail" },
	{ "retry_scale", CONF_INT(1, 10000), &delivery_conf.retry_scale, "100",
	  "percent of the normal waiting times between tries" },
	CONF_END,
};

/* clang-format off */
static const struct svc_handler handlers[] = {
	{ &request_submitted_msg,     on_request_event },
	{ &request_approved_msg,      on_request_event },
	{ &request_rejected_msg,      on_request_event },
	{ &request_cancelled_msg,     on_request_event },
	{ &request_deploying_msg,     on_request_event },
	{ &request_deployed_msg,      on_request_event },
	{ &request_failed_msg,        on_request_event },
	{ &run_finished_msg,          on_run_finished },
	{ &notification_read_msg,     on_notification_read },
	{ &notification_read_all_msg, on_notification_read_all },
	{ 0 },
};
/* clang-format on */

static int start(struct service *s)
{
	if (!*mail_conf.url) {
		log_info("mail.off",
		         LOG_STR("why",
		                 "SPS_SMTP_URL is empty; people are told in the portal only"));
		return 0;
	}
	if (!mail_address_ok(mail_conf.from)) {
		log_error("mail.sender", LOG_STR("why", "SPS_MAIL_FROM must be an e-mail address"));
		return 1;
	}
	mail = mail_new(s, &mail_conf);
	if (!mail)
		return 1;
	delivery_conf.from = mail_conf.from;
	delivery = delivery_new(s, mail, &delivery_conf);
	announce_mail(true);
	return 0;
}

static void stop(struct service *s)
{
	(void)s;
	mail = mail_free(mail);
	delivery = delivery_free(delivery);
}

static bool idle(struct service *s)
{
	(void)s;
	return !delivery_pending(delivery);
}

int main(int argc, char **argv)
{
	static const struct svc_main me = {
		.svc = SVC_NOTIFIER,
		.params = params,
		.handlers = handlers,
		.start = start,
		.stop = stop,
		.idle = idle,
	};

	return svc_run(&me, argc, argv);
}
