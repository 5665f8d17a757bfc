package io.lb4j.socket;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;

/** A socket's input, seen by what its reads return. */
final class WatchedInput extends InputStream {
    private final InputStream input;
    private final Socket socket;
    private final Connection connection;

    WatchedInput(InputStream input, Socket socket, Connection connection) {
        this.input = input;
        this.socket = socket;
        this.connection = connection;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        int count;
        try {
            count = input.read(bytes, from, length);
        } catch (IOException e) {
            throw seen(e);
        }
        // Of a read of nothing there is nothing to learn.
        if (count > 0) {
            connection.answered();
        } else if (count < 0) {
            ended();
        }
        return count;
    }

    @Override
    public int read() throws IOException {
        int value;
        try {
            value = input.read();
        } catch (IOException e) {
            throw seen(e);
        }
        if (value >= 0) {
            connection.answered();
        } else {
            ended();
        }
        return value;
    }

    private void ended() {
        // One that this side has shut down ends at once, too.
        if (!socket.isInputShutdown()) {
            connection.hungUp();
        }
    }

    private IOException seen(IOException error) {
        if (error instanceof SocketTimeoutException) {
            connection.waited();
        } else if (!socket.isClosed()) {
            connection.broke();
        }
        return error;
    }

    @Override
    public int available() throws IOException {
        return input.available();
    }

    @Override
    public void close() throws IOException {
        input.close();
    }
}
