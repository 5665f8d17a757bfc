package io.lb4j.discovery.internal;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.Ticker;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Asks a source for all that it knows of a service, follows what changes from there on, and asks for all again whenever
 * that goes wrong. What a stream's end means is shown by the question that follows it: only what that can't mend, or what
 * comes again at once, is told as a trouble. Thread-safe.
 */
public final class ReadAndFollow implements ServiceWatches.Running {
    /** A stream that ends sooner hasn't shown that it works. */
    private static final Duration HASTY = Duration.ofSeconds(1);

    private final Source source;
    private final Settings settings;
    private final Bulletin bulletin;
    private final Questions questions;

    /** Who has the turn writes these: one answer is waited for at a time. How many streams in a row didn't work. */
    private int hasty;

    /** Changes can't be followed at present, so that what is read isn't the end of the outage. */
    private boolean unfollowed;

    /** How a source is asked and understood. Called by one thread at a time. */
    public interface Source {
        /** Asks for everything. Its answer ends in one call of the reading's methods. */
        Questions.Pending read(Reading reading);

        /** The question for what changed since. */
        Question follow();

        /**
         * The stream said this.
         *
         * @throws RuntimeException if that isn't what such sources say
         */
        void line(JsonNode line, Stream stream);

        /** The stream is open; default nothing. */
        default void opened(Stream stream) {}

        /** What is known by now. */
        Known known();

        /** A stream from there broke; default nothing. */
        default void passOver(JsonCalls calls) {}
    }

    /** What may come of a question for everything. */
    public interface Reading {
        /** All of it was read. */
        void done();

        /** It wasn't. */
        void failed(IOException error);
    }

    /** A question that is answered by a stream. */
    public record Question(JsonCalls calls, Request.Builder request) {}

    /**
     * What is known of a service.
     *
     * @param complaints about what was left out
     * @param unknown why there is no such service, or null if there is
     */
    public record Known(
            List<ServiceInstance> instances,
            List<String> complaints,
            @Nullable String unknown) {}

    /** What may come of a line. What is said after an end is ignored. */
    public interface Stream {
        /** It works: all is well. */
        void works();

        /** Something is known by it. */
        void changed();

        /** It can't be gone on with, which need not be a trouble: all is to be read again. */
        void end(IOException why);
    }

    /**
     * How long to wait for what.
     *
     * @param patience for an answer to begin
     * @param lasting for a stream to end
     */
    public record Settings(Scheduler scheduler, Ticker ticker, Backoff backoff, Duration patience, Duration lasting) {}

    /**
     * Nothing is asked before it is started.
     *
     * @param name the source's name and address, as messages name it
     */
    public ReadAndFollow(String name, String service, Source source, Settings settings) {
        this.source = source;
        this.settings = settings;
        this.bulletin = new Bulletin(name, service);
        this.questions = new Questions(settings.scheduler, settings.backoff);
    }

    @Override
    public Watchers watchers() {
        return bulletin.watchers();
    }

    @Override
    public void start() {
        read();
    }

    private void read() {
        questions.ask(() -> source.read(new Reading() {
            @Override
            public void done() {
                tell();
                follow();
            }

            @Override
            public void failed(IOException error) {
                trouble(error);
            }
        }));
    }

    private void tell() {
        if (questions.isClosed()) {
            return;
        }
        Known known = source.known();
        if (unfollowed) {
            if (!known.instances.isEmpty()) {
                bulletin.watchers().instances(known.instances);
                bulletin.watchers().flush();
            }
        } else if (known.unknown != null) {
            bulletin.unknown(known.unknown);
        } else {
            bulletin.instances(known.instances, known.complaints);
        }
    }

    private void follow() {
        Question question = source.follow();
        questions.stream(
                question.calls, question.request, settings.patience, settings.lasting, new Follower(question.calls));
    }

    private void trouble(IOException error) {
        if (!questions.isClosed()) {
            bulletin.trouble(error);
            questions.afterFailure(this::read);
        }
    }

    @Override
    public void close() {
        questions.close();
        bulletin.watchers().close();
    }

    /** One stream until it is over, all on one thread. */
    private final class Follower implements JsonCalls.LineHandler, Stream {
        private final JsonCalls calls;
        private final long openedAt = settings.ticker.nanos();
        private boolean working;
        private boolean changed;
        private boolean over;

        Follower(JsonCalls calls) {
            this.calls = calls;
        }

        @Override
        public void opened() {
            source.opened(this);
        }

        @Override
        public void line(JsonNode line) {
            if (!over && !questions.isClosed()) {
                source.line(line, this);
            }
        }

        @Override
        public void caughtUp() {
            if (changed && !over) {
                changed = false;
                tell();
            }
        }

        @Override
        public void works() {
            working = true;
            if (unfollowed) {
                unfollowed = false;
                tell();
            }
        }

        @Override
        public void changed() {
            changed = true;
        }

        @Override
        public void refused(int status, JsonNode body) {
            broken(calls.unexpected(status, body));
        }

        @Override
        public void ended() {
            if (hasLasted()) {
                goOn(true);
            } else {
                broken(new IOException(calls + ": ended the stream of changes"));
            }
        }

        @Override
        public void failed(IOException error) {
            if (working && error.getCause() instanceof InterruptedIOException) {
                goOn(false);
            } else {
                broken(error);
            }
        }

        private boolean hasLasted() {
            return working && settings.ticker.nanos() - openedAt >= HASTY.toNanos();
        }

        /** Its time is over. The next one goes on where it ended, and shows whether the source is still there. */
        private void goOn(boolean soon) {
            caughtUp();
            if (isOver()) {
                return;
            }
            hasty = 0;
            questions.succeeded();
            if (soon) {
                questions.soon(ReadAndFollow.this::follow);
            } else {
                follow();
            }
        }

        private void broken(IOException error) {
            if (!over) {
                source.passOver(calls);
                end(error);
            }
        }

        @Override
        public void end(IOException why) {
            if (isOver()) {
                return;
            }
            if (hasLasted()) {
                hasty = 0;
                questions.succeeded();
            }
            hasty++;
            if (hasty == 1) {
                questions.soon(ReadAndFollow.this::read);
            } else {
                unfollowed = true;
                trouble(why);
            }
        }

        /** Ends it; returns whether there is nothing to be done any more. */
        private boolean isOver() {
            boolean was = over || questions.isClosed();
            over = true;
            return was;
        }
    }
}
