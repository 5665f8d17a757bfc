package io.lb4j.okhttp;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** The server's side of one HTTP/2 connection, frame by frame. */
public final class RawHttp2 {
    /** The error of a stream that was not processed. */
    public static final int REFUSED_STREAM = 7;

    static final int INTERNAL_ERROR = 2;
    static final int CANCEL = 8;
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;
    /** {@code :status 200} in HPACK's static table. */
    private static final byte STATUS_200 = (byte) 0x88;

    private final DataInputStream in;
    private final DataOutputStream out;

    /** Greets the client of a connection that was just accepted. */
    public RawHttp2(Socket socket) throws IOException {
        in = new DataInputStream(socket.getInputStream());
        // Buffered, or Nagle and the delayed acknowledgement hold up the rest of each frame for 40 ms.
        out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        in.readNBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length());
        frame(SETTINGS, 0, 0, new byte[0]);
    }

    /** Reads until the client has sent a whole request, and returns its stream. */
    public int readRequest() throws IOException {
        while (true) {
            Frame frame = read();
            if ((frame.type == HEADERS || frame.type == DATA) && (frame.flags & END_STREAM) != 0) {
                return frame.stream;
            }
        }
    }

    /** Reads until the client resets a stream, and returns its reason. */
    int readReset() throws IOException {
        while (true) {
            Frame frame = read();
            if (frame.type == RST_STREAM) {
                return frame.payload[3];
            }
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Frame(int type, int flags, int stream, byte[] payload) {}

    /** Reads a frame, and answers it if it is about the connection. */
    private Frame read() throws IOException {
        int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt() & 0x7fff_ffff;
        byte[] payload = in.readNBytes(length);
        if (type == SETTINGS && (flags & ACK) == 0) {
            frame(SETTINGS, ACK, 0, new byte[0]);
        } else if (type == PING && (flags & ACK) == 0) {
            frame(PING, ACK, 0, payload);
        }
        return new Frame(type, flags, stream, payload);
    }

    void answer(int stream, String body) throws IOException {
        frame(HEADERS, END_HEADERS, stream, new byte[] {STATUS_200});
        frame(DATA, END_STREAM, stream, body.getBytes(StandardCharsets.US_ASCII));
    }

    /** Ends a stream with an error. */
    public void reset(int stream, int code) throws IOException {
        frame(RST_STREAM, 0, stream, new byte[] {0, 0, 0, (byte) code});
    }

    /** Says that no stream above {@code lastStream} was or will be processed. */
    void goAway(int lastStream) throws IOException {
        frame(GOAWAY, 0, 0, new byte[] {0, 0, 0, (byte) lastStream, 0, 0, 0, 0});
    }

    private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        out.writeByte(payload.length >> 16);
        out.writeShort(payload.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(payload);
        out.flush();
    }
}
