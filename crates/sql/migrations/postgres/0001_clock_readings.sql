-- What the clock has said while each sweep ran: what is over-age is deleted only when it was so for long (decision 39).
CREATE TABLE clock_readings (
    sweep    TEXT PRIMARY KEY,
    readings TEXT NOT NULL
);
