"""Tells the supervisor of a run what happens, task by task, while it happens.

One JSON object a line on the descriptor named by SPS_EVENT_FD. Ansible's ordinary output is
left alone: it is the log. Everything that can be long is cut here, so that a line is always
written at once (PIPE_BUF).
"""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = '''
    name: sps_events
    type: notification
    short_description: tells the supervisor of a run what happens
    description:
        - Writes one line of JSON for each play, task, result and the recap.
    requirements:
        - SPS_EVENT_FD names an open descriptor
'''

LONGEST_NAME = 200
LONGEST_MESSAGE = 400


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'notification'
    CALLBACK_NAME = 'sps_events'
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display=None):
        super().__init__(display)
        self.fd = int(os.environ.get('SPS_EVENT_FD', '-1'))
        self.task = 0
        if self.fd < 0:
            self.disabled = True
        else:
            os.set_inheritable(self.fd, False)

    def tell(self, **event):
        line = json.dumps(event, ensure_ascii=True, separators=(',', ':')) + '\n'
        try:
            os.write(self.fd, line.encode())
        except OSError:
            self.disabled = True  # nobody listens any more; the run itself goes on

    def begin(self, task):
        self.task += 1
        self.tell(event='task', task=self.task, name=task.get_name().strip()[:LONGEST_NAME])

    def result(self, result, state):
        message = ''
        if state in ('failed', 'ignored', 'unreachable') and not result._result.get('censored'):
            message = str(result._result.get('msg', ''))[:LONGEST_MESSAGE]
        self.tell(event='result', task=self.task, host=result._host.get_name()[:LONGEST_NAME], state=state,
                  message=message)

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.begin(task)

    def v2_playbook_on_handler_task_start(self, task):
        self.begin(task)

    def v2_playbook_on_cleanup_task_start(self, task):
        self.begin(task)

    def v2_runner_on_ok(self, result):
        self.result(result, 'changed' if result.is_changed() else 'ok')

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.result(result, 'ignored' if ignore_errors else 'failed')

    def v2_runner_on_skipped(self, result):
        self.result(result, 'skipped')

    def v2_runner_on_unreachable(self, result):
        self.result(result, 'unreachable')

    def v2_playbook_on_stats(self, stats):
        names = {'ok': 'ok', 'changed': 'changed', 'failed': 'failures', 'unreachable': 'unreachable', 'skipped': 'skipped'}
        sums = {name: 0 for name in names}
        for host in stats.processed:
            counts = stats.summarize(host)
            for name, theirs in names.items():
                sums[name] += counts[theirs]
        self.tell(event='stats', **sums)
