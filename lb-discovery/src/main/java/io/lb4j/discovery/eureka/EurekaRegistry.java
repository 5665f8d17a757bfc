package io.lb4j.discovery.eureka;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.Lane;
import io.lb4j.discovery.internal.Questions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asks for all that Eureka knows as long as somebody watches some of it, once for everybody: first for everything, then for
 * what changed, and for everything again when that doesn't add up. Thread-safe.
 */
final class EurekaRegistry {
    /** Servers remember what changed for three minutes, and may answer with what they said half a minute ago. */
    private static final Duration MAX_GAP = Duration.ofMinutes(2);

    /** A server whose changes don't add up so often in a row is asked for everything. */
    private static final int MAX_MISFITS = 3;

    /** After so many times it is asked for changes again. */
    private static final int TIMES_WITHOUT = 10;

    private final EurekaServers servers;
    private final Settings settings;

    /** Everything that is told, one after another, whichever thread brings it. */
    private final Lane lane = new Lane();

    /** Both guarded by this. */
    private final Set<EurekaWatch> watches = new LinkedHashSet<>();

    private @Nullable Polling polling;

    /**
     * How to ask.
     *
     * @param interval from one answer to the next question
     * @param patience for an answer, by all servers together
     * @param keepForgotten how long to keep instances that a server has forgotten
     */
    record Settings(
            Scheduler scheduler,
            Ticker ticker,
            Backoff backoff,
            Duration interval,
            Duration patience,
            Duration keepForgotten,
            EurekaEntry.Choice choice) {}

    EurekaRegistry(EurekaServers servers, Settings settings) {
        this.servers = servers;
        this.settings = settings;
    }

    /** The first one begins to ask. Later ones are told what is known. */
    void add(EurekaWatch watch) {
        Polling begun = null;
        Polling current;
        synchronized (this) {
            watches.add(watch);
            if (polling == null) {
                begun = new Polling();
                polling = begun;
            }
            current = polling;
        }
        if (begun != null) {
            begun.readAll();
        } else {
            current.tell(watch);
        }
    }

    /** The last one ends it. Doesn't wait. */
    synchronized void remove(EurekaWatch watch) {
        watches.remove(watch);
        if (watches.isEmpty() && polling != null) {
            polling.questions.close();
            polling = null;
        }
    }

    private synchronized List<EurekaWatch> watches() {
        return new ArrayList<>(watches);
    }

    /** From the first watch to the last one. */
    private final class Polling {
        private final Questions questions = new Questions(settings.scheduler, settings.backoff);

        /** These are the lane's. */
        private final EurekaApplications known = new EurekaApplications(settings.choice);

        private final EurekaForgotten forgotten = new EurekaForgotten(settings.ticker, settings.keepForgotten);
        private boolean complete;
        private @Nullable IOException trouble;
        private @Nullable JsonCalls lastServer;
        private long lastAnswerAt;
        private int misfits;
        private int without;

        void tell(EurekaWatch watch) {
            lane.post(() -> {
                if (complete) {
                    watch.known(known, forgotten);
                }
                if (trouble != null) {
                    watch.trouble(trouble);
                }
            });
        }

        private void readAll() {
            ask(EurekaServers.Question.get(), this::all);
        }

        private void readChanges() {
            ask(EurekaServers.Question.get("delta"), this::changes);
        }

        private void ask(EurekaServers.Question question, Reading reading) {
            questions.ask(() -> servers.ask(question, settings.patience, new Reply(this, reading)));
        }

        private void next() {
            lane.post(() -> {
                boolean stale = settings.ticker.nanos() - lastAnswerAt > MAX_GAP.toNanos();
                if (complete && !stale && misfits < MAX_MISFITS) {
                    readChanges();
                } else {
                    readAll();
                }
            });
        }

        private void all(JsonCalls server, int status, JsonNode body) throws IOException {
            if (status != 200) {
                throw new IOException(server.unexpected(status, body).getMessage()
                        + (status == 404 ? " (expected: Eureka's API there; its path is part of the URL)" : ""));
            }
            var gone = known.replace(body);
            // Who isn't told of those that leave can't tell them from those that are forgotten.
            if (complete && misfits < MAX_MISFITS) {
                forgotten.add(gone);
            }
            if (!server.equals(lastServer)) {
                misfits = 0;
            }
            if (misfits >= MAX_MISFITS) {
                without++;
                if (without > TIMES_WITHOUT) {
                    without = 0;
                    misfits = MAX_MISFITS - 1;
                }
            }
            complete = true;
            lastServer = server;
            settled();
        }

        private void changes(JsonCalls server, int status, JsonNode body) {
            boolean fits = false;
            if (status == 200) {
                List<List<String>> left = new ArrayList<>();
                fits = known.apply(body, left) && server.equals(lastServer);
                left.forEach(each -> forgotten.left(each.get(0), each.get(1)));
            }
            if (fits) {
                misfits = 0;
                settled();
            } else {
                // Also if it doesn't tell changes at all, as it may be set up.
                misfits++;
                readAll();
            }
        }

        private void settled() {
            lastAnswerAt = settings.ticker.nanos();
            trouble = null;
            questions.succeeded();
            forgotten.tidy(known);
            watches().forEach(watch -> watch.known(known, forgotten));
            questions.in(settings.backoff.early(settings.interval, 0.75), this::next);
        }

        private void failed(IOException error) {
            trouble = error;
            watches().forEach(watch -> watch.trouble(error));
            questions.afterFailure(this::next);
        }

        private void post(Runnable task) {
            lane.post(() -> {
                if (!questions.isClosed()) {
                    task.run();
                }
            });
        }
    }

    /** What is made of an answer. */
    @FunctionalInterface
    private interface Reading {
        void read(JsonCalls server, int status, JsonNode body) throws IOException;
    }

    /** Takes an answer to the lane. */
    private record Reply(Polling polling, Reading reading) implements EurekaServers.Handler {
        @Override
        public void answered(JsonCalls server, int status, JsonNode body) {
            polling.post(() -> {
                try {
                    reading.read(server, status, body);
                } catch (IOException e) {
                    polling.failed(e);
                } catch (RuntimeException e) {
                    // Whoever asks again and again must not stop because of one odd answer.
                    polling.failed(new IOException(server + ": answered with something odd: " + e.getMessage(), e));
                }
            });
        }

        @Override
        public void failed(IOException error) {
            polling.post(() -> polling.failed(error));
        }
    }

    @Override
    public String toString() {
        return servers.toString();
    }
}
