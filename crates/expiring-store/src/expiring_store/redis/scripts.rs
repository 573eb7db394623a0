//! The scripts. `KEYS[1]` is the key, `KEYS[2]` a set's marker, if it has one. The first argument is the value or the
//! member; scripts that change a set take the channel on which its state is published; times are in milliseconds.
//!
//! In sets a score is the last millisecond of a member's time, as it is the last of a key's. Instants are written
//! with `%.0f` because Lua would round thirteen digits.

/// The value and the time it has left.
pub(super) const GET: &str = "\
local value = redis.call('GET', KEYS[1])
if not value then return false end
return {value, redis.call('PTTL', KEYS[1])}";

/// Whether the value was this one, and so is removed.
pub(super) const TAKE_IF: &str = "\
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])";

/// The count.
pub(super) const COUNT: &str = "\
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count";

macro_rules! set_script {
    ($body:literal) => {
        concat!(
            "\
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now))
local function expire_with_last_member()
    local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
    if last then
        redis.call('PEXPIREAT', KEYS[1], last)
        if KEYS[2] then redis.call('SET', KEYS[2], '1', 'PXAT', last) end
    elseif KEYS[2] then
        redis.call('DEL', KEYS[2])
    end
end
",
            $body
        )
    };
}

/// Publishes that the set has a member if it was empty, or if the set repeats that.
pub(super) const JOIN: &str = set_script!(
    "\
local first = redis.call('EXISTS', KEYS[1]) == 0
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[3]), ARGV[1])
expire_with_last_member()
if first or ARGV[4] == '1' then redis.call('PUBLISH', ARGV[2], '1') end"
);

/// Publishes that the set is empty if it is, whichever call emptied it.
pub(super) const LEAVE: &str = set_script!(
    "\
redis.call('ZREM', KEYS[1], ARGV[1])
expire_with_last_member()
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('PUBLISH', ARGV[2], '0') end"
);

/// The members.
pub(super) const MEMBERS: &str = set_script!("return redis.call('ZRANGE', KEYS[1], 0, -1)");
