package io.lb4j.balancer;

import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Holds an empty list back for a while before it is believed: more often than a service ends, a registry has lost its memory
 * or everybody's heartbeats. Confined to the lane.
 */
final class EmptyListGrace {
    private final String service;
    private final Duration grace;
    private final SerialLane lane;
    private final Ticker ticker;
    private final Outlook outlook;
    private final GuardedListener listener;
    private final Runnable believe;

    /** Runs while a list is held back. */
    private Scheduler.@Nullable Task end;

    EmptyListGrace(
            String service,
            Duration grace,
            SerialLane lane,
            Ticker ticker,
            Outlook outlook,
            GuardedListener listener,
            Runnable believe) {
        this.service = service;
        this.grace = grace;
        this.lane = lane;
        this.ticker = ticker;
        this.outlook = outlook;
        this.listener = listener;
        this.believe = believe;
    }

    /** Whether an empty list is to be held back, where so many instances were listed before. */
    boolean holdsBack(int known) {
        if (known == 0 || grace.isZero()) {
            return false;
        }
        if (end == null) {
            end = lane.postLater(this::over, TimeUnit.NANOSECONDS.convert(grace));
            outlook.emptyList(new EmptyList(ticker.nanos(), grace, known));
            listener.onEmptyList(service, grace);
        }
        return true;
    }

    private void over() {
        if (end != null) {
            end();
            believe.run();
        }
    }

    /** Another list came, or none will any more. */
    void end() {
        if (end != null) {
            end.cancel();
            end = null;
            outlook.emptyList(null);
        }
    }
}
