package io.lb4j.examples.conversation;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** A row for each turn, in PostgreSQL, and a connection for each thread: two statements a turn, of which one is committed. */
final class DatabaseContext implements Context {
    private final ThreadLocal<Connection> connections;

    DatabaseContext(String url) {
        this.connections = ThreadLocal.withInitial(() -> connect(url));
    }

    static Connection connect(String url) {
        try {
            return DriverManager.getConnection(url);
        } catch (SQLException e) {
            throw new IllegalStateException("no connection to " + url, e);
        }
    }

    static void createTable(String url) throws SQLException {
        try (Connection connection = connect(url);
                PreparedStatement create =
                        connection.prepareStatement("CREATE TABLE turns (conversation text, turn int,"
                                + " message text, PRIMARY KEY (conversation, turn))")) {
            create.execute();
        }
    }

    @Override
    public List<String> say(String conversation, int turn, String message) throws SQLException {
        Connection connection = connections.get();
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO turns VALUES (?, ?, ?) ON CONFLICT DO NOTHING")) {
            insert.setString(1, conversation);
            insert.setInt(2, turn);
            insert.setString(3, message);
            insert.executeUpdate();
        }
        List<String> said = new ArrayList<>();
        try (PreparedStatement select =
                connection.prepareStatement("SELECT message FROM turns WHERE conversation = ? ORDER BY turn")) {
            select.setString(1, conversation);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    said.add(rows.getString(1));
                }
            }
        }
        return said;
    }
}
