package io.lb4j.balancer;

import io.lb4j.health.OutlierDetection;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Finds instances that take calls and answer none while the others answer: black holes, whose calls fail only when their
 * time-outs are over. Lane only.
 *
 * <p>Calls pay nothing for it: several times a second the lane looks at the counters that are kept anyway. Calls started
 * before the last look and not ended since are at least that old. That they are is no accident if calls elsewhere are
 * much shorter: their mean response time is their number in flight over their rate of answers (Little), and a call lasts
 * longer than {@code t} with a probability of at most the mean over {@code t} (Markov), so that several unanswered calls
 * are as unlikely as the product of that over all of them. Where everything has become slow the mean is large, and
 * nobody stands out.
 *
 * <p>Time is counted in looks, since after a pause of this very process every call is old and nobody is to blame.
 */
final class Stalls {
    static final long PULSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    static final int PULSES_PER_SECOND = 4;

    /** What is recent fades to a third in two seconds: after a slowdown the mean must not be that of better days. */
    private static final double FADING = Math.exp(-1.0 / (2 * PULSES_PER_SECOND));

    /** Calls don't count as older than ten seconds, as those that timed out since then are not. */
    private static final int OLDEST = 10 * PULSES_PER_SECOND;

    /** A trial call fails by its silence if no more than this share of the others' calls lasts as long. */
    private static final double TRIAL_SHARE = 0.01;

    private final int patience;
    private final double required;

    /** In flight, answered and given up elsewhere lately, by instances that answer. */
    private double occupied;

    private double answered;
    private double givenUp;

    private int answering;
    private int silent;

    Stalls(OutlierDetection settings) {
        this.patience = (int) (settings.stallTime().toMillis() * PULSES_PER_SECOND / 1000);
        this.required = Math.max(1, -Math.log(settings.significance()));
    }

    boolean isOn() {
        return patience > 0;
    }

    /** Takes in what was counted since the last look; returns whether somebody may stand out. */
    boolean look(InstanceState[] all) {
        occupied = 0;
        answered = 0;
        givenUp = 0;
        answering = 0;
        silent = 0;
        for (InstanceState state : all) {
            Pulse pulse = take(state);
            if (pulse != null && !state.isEjected()) {
                if (pulse.silence >= Math.max(1, patience / 2)) {
                    // One that waits for nothing but what it always waits for, a WebSocket's end, is not.
                    silent += pulse.groups > 0 ? 1 : 0;
                } else if (pulse.answers > 0) {
                    answering++;
                    occupied += pulse.occupancy;
                    answered += pulse.answers;
                    givenUp += pulse.givenUp;
                }
            }
        }
        return silent > 0;
    }

    /** What is known of the instance by now, or null if there is and lately was nothing going on. */
    private static @Nullable Pulse take(InstanceState state) {
        Flow flow = state.flow;
        // In this order: a time-out is counted as such before it ends, so it is never taken for an answer, nor an end
        // for a call more.
        long ended = state.endedCount();
        int inFlight = state.inFlight();
        long ignored = state.ignoredCount();
        long newAnswers = Math.max(0, ended - ignored - state.timedOutCount() - flow.seenAnswered);
        flow.seenAnswered += newAnswers;
        Pulse pulse = state.pulse;
        if (pulse == null) {
            if (inFlight == 0 && newAnswers == 0) {
                return null;
            }
            // Of the calls not seen so far those matter that are in flight.
            pulse = new Pulse(ended, ignored);
            state.pulse = pulse;
        }
        pulse.take(ended + inFlight, inFlight, newAnswers, ignored);
        if (pulse.isOver(inFlight)) {
            state.pulse = null;
        }
        return pulse;
    }

    /** What was unanswered before an ejection must not eject again when that is over. */
    static void forget(InstanceState state) {
        Pulse pulse = state.pulse;
        if (pulse != null) {
            pulse.silence = 0;
            pulse.groups = 0;
        }
    }

    /** Why the instance stands out, or null if it doesn't. */
    @Nullable
    String judge(InstanceState state) {
        Pulse pulse = state.pulse;
        // A network that is gone, or a database that all need, silences more than it leaves.
        if (pulse == null || pulse.silence < patience || state.isEjected() || answering < silent - 1 || answered < 1) {
            return null;
        }
        if (pulse.evidence(this) < required) {
            return null;
        }
        return String.format(
                Locale.ROOT,
                "%d calls without an answer for %.1f s, while the others answered",
                pulse.unanswered(),
                pulse.silence / (double) PULSES_PER_SECOND);
    }

    /** Why a trial fails before its call's time-out is over, or null if it doesn't; asked once in each look. */
    @Nullable
    String judge(Trial trial) {
        int looks = trial.look();
        // The instance was ejected before, so that less evidence will do.
        if (looks < patience || answered < 1 || shareLasting(looks) > TRIAL_SHARE) {
            return null;
        }
        return String.format(
                Locale.ROOT,
                "its trial call got no answer for %.1f s, while the others answered",
                looks / (double) PULSES_PER_SECOND);
    }

    /** At most this share of the others' calls lasts for so many looks. */
    double shareLasting(int pulses) {
        // One call more in flight, lest calls that are too short to be seen have no length at all.
        double mean = (occupied + 1) / answered;
        return Math.min(1, mean / pulses + givenUp / (answered + givenUp));
    }

    /** What the looks made of one instance. */
    static final class Pulse {
        private static final int MAX_GROUPS = 16;

        private long started;
        private long seenIgnored;

        /** Calls in flight, answered, and given up by the caller, lately. */
        private double occupancy;

        private double answers;
        private double givenUp;

        /** Looks since the last answer, or since there was nothing to wait for. */
        private int silence;

        /** Unanswered calls by the look that saw them first; made only for an instance that is silent. */
        private int @Nullable [] seenAt;

        private int @Nullable [] calls;
        private int groups;

        Pulse(long started, long seenIgnored) {
            this.started = started;
            this.seenIgnored = seenIgnored;
        }

        private boolean isOver(int inFlight) {
            return inFlight == 0 && answers == 0;
        }

        private void take(long nowStarted, int inFlight, long newAnswers, long nowIgnored) {
            long newGivenUp = nowIgnored - seenIgnored;
            long newCalls = nowStarted - started - newGivenUp;
            seenIgnored = nowIgnored;
            started = nowStarted;
            occupancy = occupancy * FADING + inFlight;
            answers = faded(answers) + newAnswers;
            givenUp = faded(givenUp) + newGivenUp;
            if (newAnswers > 0 || inFlight == 0) {
                silence = 0;
                groups = 0;
            } else {
                silence++;
                add((int) Math.max(0, Math.min(Integer.MAX_VALUE, newCalls)));
            }
        }

        private static double faded(double value) {
            double less = value * FADING;
            return less < 0.01 ? 0 : less;
        }

        private void add(int newCalls) {
            if (newCalls == 0) {
                return;
            }
            if (seenAt == null || calls == null) {
                seenAt = new int[MAX_GROUPS];
                calls = new int[MAX_GROUPS];
            }
            if (groups == MAX_GROUPS) {
                // The youngest are taken for younger still.
                calls[groups - 1] += newCalls;
                seenAt[groups - 1] = silence;
            } else {
                seenAt[groups] = silence;
                calls[groups++] = newCalls;
            }
        }

        private int unanswered() {
            int sum = 0;
            for (int i = 0; i < groups && calls != null; i++) {
                sum += calls[i];
            }
            return sum;
        }

        /** How unlikely it is that none of them was answered yet, as the negative of the logarithm. */
        private double evidence(Stalls others) {
            double sum = 0;
            for (int i = 0; i < groups && calls != null && seenAt != null; i++) {
                int age = Math.min(OLDEST, silence - seenAt[i]);
                if (age > 0) {
                    sum -= calls[i] * Math.log(others.shareLasting(age));
                }
            }
            return sum;
        }
    }
}
