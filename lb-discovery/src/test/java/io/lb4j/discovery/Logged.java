package io.lb4j.discovery;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What a class has logged since this was made. */
public final class Logged implements AutoCloseable {
    /** Each as level, space, message. */
    public final List<String> lines = new CopyOnWriteArrayList<>();

    /** Kept here, since the JDK's logging would let go of it. */
    private final Logger logger;

    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord record) {
            lines.add(record.getLevel() + " " + record.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    public Logged(Class<?> type) {
        logger = Logger.getLogger(type.getName());
        logger.addHandler(handler);
    }

    @Override
    public void close() {
        logger.removeHandler(handler);
    }
}
