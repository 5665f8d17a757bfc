package io.lb4j.okhttp;

import io.lb4j.Scheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Call;
import okhttp3.Response;

/**
 * Cancels an attempt whose headers don't come in time. Not OkHttp's call time-out, which would end with the body.
 */
final class AttemptTimer implements Runnable {
    private final Call call;
    private final Attempt attempt;
    private final AtomicBoolean over = new AtomicBoolean();

    private AttemptTimer(Call call, Attempt attempt) {
        this.call = call;
        this.attempt = attempt;
    }

    static Response execute(Call call, Attempt attempt, Duration limit, Scheduler scheduler) throws IOException {
        AttemptTimer timer = new AttemptTimer(call, attempt);
        Scheduler.Task task = scheduler.schedule(timer, limit);
        Response response;
        boolean inTime;
        try {
            response = call.execute();
        } finally {
            inTime = timer.over.compareAndSet(false, true);
            task.cancel();
        }
        if (!inTime) {
            // The headers came just as the time was up; the call is cancelled, so that its body is worth nothing.
            response.close();
            throw new IOException("Canceled");
        }
        return response;
    }

    @Override
    public void run() {
        if (over.compareAndSet(false, true)) {
            attempt.timedOut = true;
            call.cancel();
        }
    }
}
